import type { Clock, DeviceSession, DriverRegistry } from '@dotmac/device';
import type { Dictionary, RadiusCredential, SessionObservation } from '@dotmac/radius';
import type { NetworkServices } from '../builder.ts';
import { presumedSecret } from '../nas/rotation.ts';
import { type Nas, secretPurpose } from '../nas/store.ts';
import type { NasWatch } from '../nas/watch.ts';
import type { PacketTraces } from '../packet-trace/traces.ts';
import type { RadSecDoor } from '../radsec/door.ts';
import { liveSessionsOfServices } from '../session/store.ts';

/** What dynamic authorization works with. */
export interface DynamicAuthorizationParts {
  readonly services: NetworkServices;
  readonly drivers: DriverRegistry;
  readonly watch: NasWatch;
  readonly traces: PacketTraces;
  readonly radSec: RadSecDoor;
  /** As the tenant has it now. */
  readonly dictionary: Dictionary;
  /** The time in which sessions live. */
  readonly sessionClock: Clock;
}

/**
 * A session with a NAS for CoA and Disconnect. Where it says that it listens, that holds; else what comes over TLS is told
 * over its own connection, by whose absence the attempt is named. Reading back is what accounting knows.
 */
export function openDynamicAuthorization(
  { services, drivers, watch, traces, radSec, dictionary, sessionClock }: DynamicAuthorizationParts,
  nas: Nas,
  serviceId: string,
): DeviceSession {
  const connection = () => radSec.connectionOf(nas.id);
  const byCertificate = nas.certificateName ?? nas.certificateFingerprint;
  const overTls =
    nas.coaHost === null && byCertificate !== null && (connection() !== null || nas.sourceAddress === null);
  const host = nas.coaHost ?? (overTls ? byCertificate : nas.sourceAddress) ?? '';
  const { address = '::', certificate = null } = overTls ? (connection() ?? {}) : { address: host };
  const presumed = presumedSecret(nas, watch.health(nas.id).secrets, sessionClock.now());
  const secret = presumed === 'PREVIOUS' && nas.previousSecret !== null ? nas.previousSecret : nas.secret;
  const onPacket = traces.listenerTo(serviceId, { id: nas.id, address, certificate });
  const credential: RadiusCredential = {
    secret: services.secrets.open(secret, secretPurpose(nas.id)),
    vendor: nas.vendorProfile as RadiusCredential['vendor'],
    ...(overTls ? { connection } : {}),
    ...(nas.sourceAddress === null ? {} : { nasAddress: nas.sourceAddress }),
    dictionary,
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
