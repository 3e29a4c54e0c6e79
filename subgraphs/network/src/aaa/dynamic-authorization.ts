import type { Clock, DeviceSession, DriverRegistry } from '@dotmac/device';
import type { RadiusCredential, SessionObservation } from '@dotmac/radius';
import type { NetworkServices } from '../builder.ts';
import { presumedSecret } from '../nas/rotation.ts';
import { type Nas, secretPurpose } from '../nas/store.ts';
import type { NasWatch } from '../nas/watch.ts';
import type { PacketTraces } from '../packet-trace/traces.ts';
import { liveSessionsOfServices } from '../session/store.ts';

/** What dynamic authorization works with. */
export interface DynamicAuthorizationParts {
  readonly services: NetworkServices;
  readonly drivers: DriverRegistry;
  readonly watch: NasWatch;
  readonly traces: PacketTraces;
  /** The time in which sessions live. */
  readonly sessionClock: Clock;
}

/** A session with a NAS for CoA and Disconnect; null for one that has no address. Reading back is what accounting knows. */
export function openDynamicAuthorization(
  { services, drivers, watch, traces, sessionClock }: DynamicAuthorizationParts,
  nas: Nas,
  serviceId: string,
): DeviceSession | null {
  const host = nas.coaHost ?? nas.sourceAddress;
  if (host === null) return null;
  const presumed = presumedSecret(nas, watch.health(nas.id).secrets, sessionClock.now());
  const secret = presumed === 'PREVIOUS' && nas.previousSecret !== null ? nas.previousSecret : nas.secret;
  const onPacket = traces.listenerTo(serviceId, { id: nas.id, address: host });
  const credential: RadiusCredential = {
    secret: services.secrets.open(secret, secretPurpose(nas.id)),
    vendor: nas.vendorProfile as RadiusCredential['vendor'],
    ...(nas.sourceAddress === null ? {} : { nasAddress: nas.sourceAddress }),
    onAttempt: ({ result }) => watch.asked(nas.id, services.clock.now(), result),
    readback: () => observe(services, serviceId),
    ...(onPacket === undefined ? {} : { onPacket }),
  };
  return drivers.get('radius').open({ id: nas.deviceId ?? nas.id, host, port: nas.coaPort }, credential);
}

/** Accounting tells whether a session is up, not how it is treated. */
async function observe(
  { database, clock }: NetworkServices,
  serviceId: string,
): Promise<SessionObservation | null> {
  const [session] = await liveSessionsOfServices(database, [serviceId]);
  return {
    live: session !== undefined,
    mode: null,
    shaping: null,
    source: 'radius:accounting',
    observedAt: session?.updatedAt.getTime() ?? clock.now(),
  };
}
