import {
  type Capability,
  type DesiredAccess,
  DeviceError,
  type DeviceSession,
  type OperationContext,
  type Plan,
  type Verification,
} from '@dotmac/device';
import { systemClock } from '@dotmac/platform';
import type { Dictionary } from '@dotmac/radius';
import { shapingOf } from '@dotmac/schema';
import { type DynamicAuthorizationParts, openDynamicAuthorization } from '../aaa/dynamic-authorization.ts';
import { deviceModeOf, markerOf } from '../access/rules.ts';
import type { Access } from '../access/store.ts';
import type { NetworkServices } from '../builder.ts';
import { Destinations } from '../device/destination.ts';
import { DeviceSessions, operation } from '../device/sessions.ts';
import { managementAddressesOfDevices, recordProbe } from '../device/store.ts';
import { gardenBefore, gardenGiven } from '../garden/given.ts';
import { garden } from '../garden/store.ts';
import { nasesById, nasesOfDevices } from '../nas/store.ts';
import type { NasWatch } from '../nas/watch.ts';
import type { PacketTraces } from '../packet-trace/traces.ts';
import type { NetworkPorts } from '../ports.ts';
import type { RadSecDoor } from '../radsec/door.ts';
import { liveSessionsOfServices, type Session } from '../session/store.ts';
import { type Means, verdict, witnesses } from './rules.ts';
import { type AccessChange, gardensBefore } from './store.ts';

/** A means with the session that carries it out. */
export interface OpenMeans extends Means {
  readonly session: DeviceSession;
}

/** What can be done for one service now: what is wanted, and the ways to bring it. */
export interface Prospect {
  readonly desired: DesiredAccess;
  readonly live: Session | null;
  readonly means: readonly OpenMeans[];
}

/** Protocols that change configuration; SNMP only looks. */
const configuring = new Set(['routeros']);

/** Brings what is wanted to devices: finds the ways, plans, and asks what is. Knows capabilities, no vendors. */
export class AccessEnforcement {
  readonly #services: NetworkServices;
  readonly #dynamicAuthorization: DynamicAuthorizationParts;
  readonly sessions: DeviceSessions;

  constructor(
    services: NetworkServices,
    ports: NetworkPorts,
    watch: NasWatch,
    traces: PacketTraces,
    radSec: RadSecDoor,
    dictionary: Dictionary,
  ) {
    this.#services = services;
    const { drivers, sessionClock = systemClock } = ports;
    this.#dynamicAuthorization = { services, drivers, watch, traces, radSec, dictionary, sessionClock };
    this.sessions = new DeviceSessions(
      ports.drivers,
      services.secrets,
      new Destinations(services.tenant?.demo === true, ports.resolve),
    );
  }

  context(
    signal: AbortSignal,
    priority: OperationContext['priority'],
    operationId: string,
  ): OperationContext {
    return operation(this.#services.clock, signal, priority, operationId);
  }

  /**
   * Null while the service has no speed: nobody can be online with it.
   * @param change the one that is carried out; without one, what the rules say now is wanted.
   */
  async prospect(
    access: Access,
    context: OperationContext,
    change: Pick<AccessChange, 'id' | 'garden'> | null = null,
  ): Promise<Prospect | null> {
    const { serviceId, username, shaping, mode } = access;
    if (shaping === null) return null;
    const { database } = this.#services;
    const [live = null] = await liveSessionsOfServices(database, [serviceId]);
    const before = live === null ? [] : await gardensBefore(database, serviceId, change?.id ?? null);
    const desired: DesiredAccess = {
      kind: 'access',
      marker: markerOf(serviceId),
      // As the NAS knows it, which a voucher's access does not.
      username: live?.username ?? username,
      // Without a session the address may be in use elsewhere: only a live one is acted on.
      address: live?.address ?? null,
      mac: live?.mac ?? null,
      sessionId: live?.nativeId ?? null,
      mode: deviceModeOf(mode),
      shaping: shapingOf(shaping),
      garden: change === null ? gardenGiven(access, await garden(database)) : change.garden,
      gardenBefore: gardenBefore(before),
    };
    const deviceId = live?.deviceId ?? access.deviceId;
    return { desired, live, means: await this.#meansOf(serviceId, deviceId, live?.nasId ?? null, context) };
  }

  async #meansOf(
    serviceId: string,
    deviceId: string | null,
    nasId: string | null,
    context: OperationContext,
  ): Promise<OpenMeans[]> {
    const { database, logger } = this.#services;
    const means: OpenMeans[] = [];
    const [nas] =
      nasId !== null
        ? await nasesById(database, [nasId])
        : deviceId !== null
          ? await nasesOfDevices(database, [deviceId])
          : [];
    if (nas !== undefined) {
      const session = openDynamicAuthorization(this.#dynamicAuthorization, nas, serviceId);
      const { capabilities } = await session.probe(context);
      means.push({ protocol: 'radius', capabilities, session });
    }
    if (deviceId === null) return means;
    for (const address of await managementAddressesOfDevices(database, [deviceId])) {
      if (!configuring.has(address.protocol)) continue;
      const session = await this.sessions.of(address);
      try {
        const capabilities = await this.#capabilitiesOf(address, session, context);
        means.push({ protocol: address.protocol, capabilities, session });
      } catch (error) {
        if (!(error instanceof DeviceError)) throw error;
        logger.warn({ error, deviceId, protocol: address.protocol }, 'a device does not say what it can do');
      }
    }
    return means;
  }

  /** As the last probe found them; a device that was never asked is asked now. */
  async #capabilitiesOf(
    address: Parameters<typeof recordProbe>[1] & { readonly capabilities: readonly Capability[] },
    session: DeviceSession,
    context: OperationContext,
  ): Promise<readonly Capability[]> {
    if (address.capabilities.length > 0) return address.capabilities;
    const { capabilities } = await session.probe(context);
    await recordProbe(this.#services.database, address, capabilities);
    return capabilities;
  }

  /** Plans with every means of the ladder; nothing is written. */
  async plans(
    ladder: readonly OpenMeans[],
    desired: DesiredAccess,
    context: OperationContext,
  ): Promise<{ readonly protocol: string; readonly plan: Plan }[]> {
    const plans: { protocol: string; plan: Plan }[] = [];
    for (const { protocol, session } of ladder) {
      plans.push({ protocol, plan: await session.plan(desired, context) });
    }
    return plans;
  }

  /** Asks the witnesses until one has seen something. */
  async verify(
    means: readonly OpenMeans[],
    desired: DesiredAccess,
    context: OperationContext,
  ): Promise<(Verification & { readonly protocol: string }) | null> {
    const testimonies: (Verification & { protocol: string })[] = [];
    for (const { protocol, session } of witnesses(means)) {
      const testimony = { ...(await session.verify(desired, context)), protocol };
      testimonies.push(testimony);
      if (testimony.state !== 'UNVERIFIED') break;
    }
    return verdict(testimonies) as (Verification & { readonly protocol: string }) | null;
  }
}
