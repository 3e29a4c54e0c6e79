import {
  type ApplyResult,
  type Capability,
  DeviceError,
  type DeviceFacts,
  type DeviceHealth,
  type DeviceIdentity,
  type DeviceInterface,
  type DeviceSensor,
  type DeviceSession,
  type DeviceTarget,
  type ModelName,
  type ModelOf,
  type Observed,
  type OperationContext,
  type Plan,
  type Verification,
} from '@dotmac/device';
import type { SnmpSession } from '../engine/session.ts';
import { SnmpError, type SnmpErrorCode } from '../error.ts';
import { identify } from '../identity/identify.ts';
import { allHostSources, type HostSources, readHost } from '../mib/host.ts';
import { type InterfaceRow, readInterface, readInterfaces, stableKeys } from '../mib/interfaces.ts';
import { type Port, readPorts } from '../mib/ports.ts';
import { SYS_UP_TIME } from '../mib/system.ts';
import { readProfiles } from '../profile/read.ts';
import type { Profile } from '../profile/schema.ts';
import { asNumber } from '../reading.ts';
import { asDeviceError } from './error.ts';
import { readProfileFacts, withOwnPorts } from './profile-readings.ts';
import { entityNamesFor, noSensors, planSensors, readSensors, type SensorPlan } from './sensors.ts';
import type { ProfileShelf } from './shelf.ts';
import { surroundings } from './surroundings.ts';

const TICKS_PER_SECOND = 100;

/** Failures without a word of the agent. */
const unheard: ReadonlySet<SnmpErrorCode> = new Set(['timeout', 'cancelled', 'closed', 'unresolvable']);

/** A device seen through SNMP: it can be read, not changed. */
export class SnmpDeviceSession implements DeviceSession {
  readonly target: DeviceTarget;
  readonly #session: SnmpSession;
  /** As `readPort` last learnt them, by their stable key. */
  #ports: ReadonlyMap<string, Port> = new Map();
  /** What the device showed to have; found out anew at each probe. */
  #host: HostSources = allHostSources();
  readonly #shelf: ProfileShelf;
  #forHealth: readonly Profile[] = [];
  #forPorts: readonly Profile[] = [];
  /** Null: not found out yet. */
  #sensors: SensorPlan | null = null;
  #entityNames: ReadonlyMap<string, string> | null = null;
  readonly #crowded = new Set<string>();

  constructor(target: DeviceTarget, session: SnmpSession, shelf: ProfileShelf) {
    this.target = target;
    this.#session = session;
    this.#shelf = shelf;
  }

  async probe(context: OperationContext): Promise<DeviceFacts> {
    return translated(async () => {
      const told = await identify(this.#session, context);
      this.#host = allHostSources();
      const host = await readHost(this.#session, context, this.#host);
      const { identity, processors, memory, chosen, ids, forHealth, forPorts } = await readProfileFacts(
        this.#session,
        told,
        this.#shelf.own,
        context,
      );
      this.#forHealth = forHealth;
      this.#forPorts = forPorts;
      const interfaces = await this.#session.getNext(['1.3.6.1.2.1.2.2.1.1'], context);
      const capabilities: Capability[] = [
        { id: 'inventory.read', level: 'full', modes: ['read'], evidence: 'probed' },
      ];
      if (interfaces[0]?.value.type === 'integer') {
        capabilities.push({ id: 'interfaces.read', level: 'full', modes: ['read'], evidence: 'probed' });
      }
      const both = host.processors.length + processors.length > 0 && host.memory.length + memory.length > 0;
      capabilities.push({
        id: 'health.read',
        level: both ? 'full' : 'partial',
        modes: ['read'],
        evidence: 'probed',
        ...(both ? {} : { reason: 'The device shows its uptime, but not both processors and memory' }),
      });
      capabilities.push(...(await this.#planSensors(chosen, context)));
      return { identity, capabilities, profiles: ids };
    });
  }

  /** A device that does not answer to this is read without its sensors, and says so. */
  async #planSensors(chosen: readonly Profile[], context: OperationContext): Promise<Capability[]> {
    this.#entityNames = null;
    const able = { level: 'full', modes: ['read'], evidence: 'probed' } as const;
    try {
      const { often, seldom } = await planSensors(this.#session, chosen, this.#crowded, context);
      this.#sensors = { often, seldom };
      return [
        ...(often.length === 0 ? [] : [{ id: 'sensors.read', ...able } as const]),
        ...(seldom.length === 0 ? [] : [{ id: 'lineSensors.read', ...able } as const]),
      ];
    } catch (error) {
      if (!(error instanceof SnmpError) || error.code === 'cancelled' || error.code === 'closed') throw error;
      this.#sensors = null;
      const reason = `What it measures could not be found out: ${error.message}`;
      return [{ id: 'sensors.read', ...able, level: 'partial', reason }];
    }
  }

  /** `brokenOff` is told when a table was not read to its end. */
  async #readSensors(
    part: keyof SensorPlan,
    context: OperationContext,
    brokenOff: () => void,
  ): Promise<Observed<DeviceSensor>[]> {
    if (this.#sensors === null) await this.probe(context);
    const plan = this.#sensors ?? noSensors;
    this.#entityNames ??= await entityNamesFor(this.#session, plan, context);
    const { sensors, complete, crowded } = await readSensors(
      this.#session,
      plan[part],
      this.#entityNames,
      context,
    );
    for (const column of crowded) this.#crowded.add(column);
    if (!complete) brokenOff();
    return sensors.map(({ sensor, oid }) => observed(sensor, `snmp:${oid}`, context));
  }

  /** A GET of sysUpTime.0. Whatever the agent says to it, it is there. */
  async alive(context: OperationContext, tries: number): Promise<void> {
    await translated(async () => {
      try {
        await this.#session.get([`${SYS_UP_TIME}.0`], { signal: context.signal, tries });
      } catch (error) {
        if (!(error instanceof SnmpError) || unheard.has(error.code)) throw error;
      }
    });
  }

  async *read<M extends ModelName>(model: M, context: OperationContext): AsyncIterable<Observed<ModelOf[M]>> {
    let whole = true;
    const brokenOff = () => {
      whole = false;
    };
    const readers: { [Name in ModelName]?: () => Promise<Observed<ModelOf[Name]>[]> } = {
      identity: () => this.#identity(context),
      health: () => this.#health(context),
      interface: () => this.#interfaces(context),
      sensor: () => this.#readSensors('often', context, brokenOff),
      lineSensor: () => this.#readSensors('seldom', context, brokenOff),
      localSystem: () => surroundings.localSystem(this.#session, context),
      neighbor: () => surroundings.neighbor(this.#session, context),
      forwardingEntry: () => surroundings.forwardingEntry(this.#session, context),
      resolvedAddress: () => surroundings.resolvedAddress(this.#session, context),
      customerLink: () => surroundings.customerLink(this.#session, context),
    };
    const reader = readers[model] as (() => Promise<Observed<ModelOf[M]>[]>) | undefined;
    if (reader === undefined) throw unsupported(`SNMP does not read the model "${model}"`);
    yield* await translated(reader);
    if (!whole) throw new DeviceError('PARTIAL_FAILURE', `The device broke off in the middle of "${model}"`);
  }

  async #identity(context: OperationContext): Promise<Observed<DeviceIdentity>[]> {
    const value = await identify(this.#session, context);
    return [observed(value, 'snmp:SNMPv2-MIB::system', context)];
  }

  async #health(context: OperationContext): Promise<Observed<DeviceHealth>[]> {
    const [answer] = await this.#session.get([`${SYS_UP_TIME}.0`], context);
    const sysUpTime = asNumber(answer);
    if (sysUpTime === null) {
      throw new DeviceError('PROTOCOL_VIOLATION', 'The agent has no sysUpTime, which RFC 3418 demands');
    }
    const host = await readHost(this.#session, context, this.#host);
    const more =
      this.#forHealth.length === 0
        ? { processors: [], memory: [] }
        : await readProfiles(this.#session, this.#forHealth, new Map(), context);
    const processors = [...host.processors, ...more.processors];
    const memory = [...host.memory, ...more.memory];
    const value = {
      uptimeSeconds: Math.floor(sysUpTime / TICKS_PER_SECOND),
      processors: processors.map(({ index, name, usagePercent }) => ({ index, name, usagePercent })),
      memory,
    };
    return [observed(value, 'snmp:HOST-RESOURCES-MIB', context)];
  }

  async #interfaces(context: OperationContext): Promise<Observed<DeviceInterface>[]> {
    const { rows: standard, complete } = await readInterfaces(this.#session, context);
    const rows = await withOwnPorts(this.#session, standard, this.#forPorts, context);
    // A port is never named by rows that may be missing half of their cells.
    if (!complete && rows.length === 0) {
      throw new DeviceError('PARTIAL_FAILURE', 'The device broke off before the first interface');
    }
    const keys = stableKeys(rows);
    return rows.map((row, i) =>
      observed(interfaceOf(row, keys[i] as string), 'snmp:IF-MIB::ifTable', context),
    );
  }

  /** An ifIndex is only believed while its port bears the name it had: indexes move. */
  async readPort(stableKey: string, context: OperationContext): Promise<Observed<DeviceInterface> | null> {
    return translated(async () => {
      for (const learn of [!this.#ports.has(stableKey), true]) {
        if (learn)
          this.#ports = new Map(
            [...(await readPorts(this.#session, context)).values()].map((port) => [port.stableKey, port]),
          );
        const port = this.#ports.get(stableKey);
        if (port === undefined) return null;
        const row = await readInterface(this.#session, port.ifIndex, context);
        if (row !== null && nameOf(row) === port.name)
          return observed(interfaceOf(row, stableKey), 'snmp:IF-MIB::ifEntry', context);
      }
      return null;
    });
  }

  plan(): Promise<Plan> {
    return Promise.reject(unsupported('SNMP plans no changes of access'));
  }

  apply(): Promise<ApplyResult> {
    return Promise.reject(unsupported('SNMP applies no changes of access'));
  }

  verify(): Promise<Verification> {
    return Promise.reject(unsupported('SNMP cannot see whether a subscriber has access'));
  }

  /** Nothing is held open: the engine's socket belongs to the driver. */
  async close(): Promise<void> {}
}

function nameOf({ ifName, ifDescr, ifIndex }: InterfaceRow): string {
  return ifName ?? ifDescr ?? `ifIndex ${ifIndex}`;
}

function interfaceOf(row: InterfaceRow, stableKey: string): DeviceInterface {
  return {
    stableKey,
    ifIndex: row.ifIndex,
    name: nameOf(row),
    alias: row.ifAlias,
    mac: row.mac,
    mtu: row.mtu,
    speedBitsPerSecond: row.speedBitsPerSecond,
    adminStatus: row.adminStatus,
    operStatus: row.operStatus,
    inOctets: row.inOctets,
    outOctets: row.outOctets,
    counterBits: row.counterBits,
    uptimeSeconds: row.sysUpTime === null ? null : row.sysUpTime / TICKS_PER_SECOND,
  };
}

function observed<T>(value: T, source: string, context: OperationContext): Observed<T> {
  return { value, source, observedAt: context.clock.now(), quality: 'good' };
}

function unsupported(message: string): DeviceError {
  return new DeviceError('CAPABILITY_UNSUPPORTED', message);
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asDeviceError(error);
  }
}
