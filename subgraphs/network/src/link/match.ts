import type { NeighborId } from '@dotmac/device';

export interface KnownPort {
  readonly id: string;
  readonly stableKey: string;
  readonly name: string;
  readonly alias: string | null;
  readonly mac: string | null;
}

/** A registered device as others may hear it. */
export interface KnownSystem {
  readonly deviceId: string;
  readonly name: string;
  /** As it names its chassis itself. */
  readonly chassis: string | null;
  readonly systemName: string | null;
  /** Where it is managed. */
  readonly addresses: readonly string[];
  /** What answers where it is managed, as routers have resolved it: its own, or that of whoever answers for it. */
  readonly resolvedMacs: readonly string[];
  readonly ports: readonly KnownPort[];
}

/** Somebody whom a device hears. */
export interface Heard {
  readonly deviceId: string;
  readonly portName: string | null;
  readonly chassis: NeighborId | null;
  readonly port: NeighborId | null;
  readonly portDescription: string | null;
  readonly systemName: string | null;
  readonly addresses: readonly string[];
}

export interface Match {
  readonly deviceId: string | null;
  readonly interfaceId: string | null;
  /** What is odd about it, or why it is nobody's. */
  readonly problem: string | null;
}

/** Who is who among the registered devices, by everything that a neighbour may be told by. */
export class Directory {
  readonly #systems = new Map<string, KnownSystem>();
  readonly #byChassis = new Map<string, Set<string>>();
  readonly #byMac = new Map<string, Set<string>>();
  readonly #byResolvedMac = new Map<string, Set<string>>();
  readonly #byAddress = new Map<string, Set<string>>();
  readonly #byName = new Map<string, Set<string>>();

  constructor(systems: readonly KnownSystem[]) {
    for (const system of systems) {
      const { deviceId } = system;
      this.#systems.set(deviceId, system);
      if (system.chassis !== null) add(this.#byChassis, system.chassis, deviceId);
      for (const { mac } of system.ports) if (mac !== null) add(this.#byMac, mac, deviceId);
      for (const mac of system.resolvedMacs) add(this.#byResolvedMac, mac, deviceId);
      for (const address of system.addresses) add(this.#byAddress, address, deviceId);
      for (const name of new Set([system.name, system.systemName]))
        if (name !== null) add(this.#byName, name.toLowerCase(), deviceId);
    }
  }

  nameOf(deviceId: string): string {
    return this.#systems.get(deviceId)?.name ?? deviceId;
  }

  /** The device whose name or system name this is; null when there is none or more than one. */
  named(name: string): string | null {
    return only(this.#byName.get(name.toLowerCase()));
  }

  portNamed(deviceId: string, name: string): KnownPort | null {
    return onlyPort(this.#systems.get(deviceId), (port) => port.name === name || port.alias === name);
  }

  /**
   * Whom a device hears. The chassis counts most, then a port's MAC address, where it is managed, and its name last: names
   * are copied with a configuration.
   */
  whoIs(heard: Heard): Match {
    const { chassis, port, systemName, addresses } = heard;
    const byName = systemName === null ? undefined : this.#byName.get(systemName.toLowerCase());
    const macs = [chassis, port].flatMap((id) => (id?.kind === 'mac' ? [id.value] : []));
    const chassisAddress = chassis?.kind === 'address' ? [chassis.value] : [];
    const evidence = [
      chassis === null ? undefined : this.#byChassis.get(chassis.value),
      ...macs.map((mac) => this.#byMac.get(mac)),
      ...macs.map((mac) => this.#byResolvedMac.get(mac)),
      ...[...chassisAddress, ...addresses].map((address) => this.#byAddress.get(address)),
      byName,
    ].filter((set) => set !== undefined);
    const deviceId = evidence.map(only).find((id) => id !== null) ?? null;
    const where = heard.portName ?? 'a port';
    if (deviceId === null) {
      const [several] = evidence;
      const names = several === undefined ? [] : [...several].map((id) => this.nameOf(id)).toSorted();
      const problem = names.length > 1 ? `${where} hears one of ${names.join(', ')}` : null;
      return { deviceId: null, interfaceId: null, problem };
    }
    if (deviceId === heard.deviceId)
      return { deviceId: null, interfaceId: null, problem: `${where} hears the device itself: a loop` };
    const named = only(byName);
    const problem =
      named !== null && named !== deviceId
        ? `${this.nameOf(deviceId)} calls itself ${systemName}, which is the name of ${this.nameOf(named)}`
        : null;
    return { deviceId, interfaceId: this.#portOf(deviceId, heard)?.id ?? null, problem };
  }

  #portOf(deviceId: string, { port, portDescription }: Heard): KnownPort | null {
    const system = this.#systems.get(deviceId);
    const named = (text: string | null | undefined) =>
      text == null
        ? null
        : (onlyPort(system, (one) => one.name === text || one.stableKey === text) ??
          onlyPort(system, (one) => one.stableKey.startsWith(`descr:${text}:`)) ??
          onlyPort(system, (one) => one.alias === text));
    if (port?.kind === 'mac')
      return onlyPort(system, ({ mac }) => mac === port.value) ?? named(portDescription);
    // `local` is often the ifIndex in decimal, which names no port of ours by itself.
    return named(port?.value) ?? named(portDescription);
  }
}

function add(map: Map<string, Set<string>>, key: string, value: string): void {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([value]));
  else set.add(value);
}

function only(set: ReadonlySet<string> | undefined): string | null {
  if (set === undefined || set.size !== 1) return null;
  const [value] = set;
  return value ?? null;
}

function onlyPort(system: KnownSystem | undefined, fits: (port: KnownPort) => boolean): KnownPort | null {
  const found = system?.ports.filter(fits) ?? [];
  return found.length === 1 ? (found[0] ?? null) : null;
}
