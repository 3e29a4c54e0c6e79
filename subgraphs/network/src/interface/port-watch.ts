import { DeviceError, type DeviceInterface } from '@dotmac/device';
import { type Clock, pause } from '@dotmac/platform';
import { DomainError } from '@dotmac/schema';
import type { NetworkServices } from '../builder.ts';
import { type DeviceSessions, operation } from '../device/sessions.ts';
import { type ManagementAddress, managementAddressesOfDevices } from '../device/store.ts';
import { interfaceProtocol } from '../monitor/plan.ts';
import { type CounterSample, rateBetween } from './rules.ts';
import type { NetworkInterface } from './store.ts';

/** A watched port at one reading. */
export interface PortReading {
  readonly interfaceId: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly operStatus: string | null;
  /** Since the reading before; null for the first, and when the counters began anew. */
  readonly inBitsPerSecond: bigint | null;
  readonly outBitsPerSecond: bigint | null;
  /** Why nothing is known; null when the device answered. */
  readonly failure: string | null;
}

/** Ports watched at the same time: each is a question a second to somebody's device. */
const mostPorts = 64;
const mostWatchersOfPort = 500;

/** Too many ports are being watched; one has to be left first. */
class TooManyWatchedPortsError extends DomainError {
  override readonly name = 'TooManyWatchedPortsError';
  constructor() {
    super(
      'TOO_MANY_WATCHED_PORTS',
      `At most ${mostPorts} ports are watched at the same time; try again later`,
    );
  }
}

interface Watcher {
  /** What he has not taken yet: only the newest. */
  waiting: PortReading | null;
  wake: (() => void) | null;
}

interface Watched {
  readonly watchers: Set<Watcher>;
  readonly stop: AbortController;
}

/**
 * Ports that somebody looks at: each is read once in an interval however many look, and not at all when nobody does.
 * Whoever takes readings slowly gets the newest.
 */
export class PortWatch {
  readonly #services: NetworkServices;
  readonly #sessions: DeviceSessions;
  readonly #intervalMilliseconds: number;
  readonly #watched = new Map<string, Watched>();

  constructor(services: NetworkServices, sessions: DeviceSessions, intervalMilliseconds = 1_000) {
    this.#services = services;
    this.#sessions = sessions;
    this.#intervalMilliseconds = intervalMilliseconds;
  }

  /** Ports that are read now. */
  get size(): number {
    return this.#watched.size;
  }

  /**
   * Readings of a port until the taker returns.
   * @throws TooManyWatchedPortsError
   */
  watch(port: NetworkInterface): AsyncGenerator<PortReading> {
    const watched = this.#watched.get(port.id) ?? this.#begin(port);
    if (watched.watchers.size >= mostWatchersOfPort) throw new TooManyWatchedPortsError();
    const watcher: Watcher = { waiting: null, wake: null };
    watched.watchers.add(watcher);
    const leave = () => {
      watched.watchers.delete(watcher);
      watcher.wake?.();
      if (watched.watchers.size > 0) return;
      watched.stop.abort();
      if (this.#watched.get(port.id) === watched) this.#watched.delete(port.id);
    };
    const readings = taken(watcher, watched.stop.signal, leave);
    // A generator that waits would hear of its `return` only with the next reading.
    const end = readings.return.bind(readings);
    readings.return = (value) => {
      leave();
      return end(value);
    };
    return readings;
  }

  /** Ends every watch. */
  close(): void {
    for (const { stop, watchers } of this.#watched.values()) {
      stop.abort();
      for (const { wake } of watchers) wake?.();
    }
    this.#watched.clear();
  }

  #begin(port: NetworkInterface): Watched {
    if (this.#watched.size >= mostPorts) throw new TooManyWatchedPortsError();
    const watched = { watchers: new Set<Watcher>(), stop: new AbortController() };
    this.#watched.set(port.id, watched);
    const tell = (reading: PortReading) => {
      for (const watcher of watched.watchers) {
        watcher.waiting = reading;
        watcher.wake?.();
      }
    };
    void this.#read(port, watched.stop.signal, tell).catch((error: unknown) => {
      this.#services.logger.error({ error, interfaceId: port.id }, 'a watched port is read no more');
      watched.stop.abort();
      for (const { wake } of watched.watchers) wake?.();
      if (this.#watched.get(port.id) === watched) this.#watched.delete(port.id);
    });
    return watched;
  }

  async #read(
    port: NetworkInterface,
    signal: AbortSignal,
    tell: (reading: PortReading) => void,
  ): Promise<void> {
    const { clock, database } = this.#services;
    let before: PortSamples | null = null;
    while (!signal.aborted) {
      const began = performance.now();
      const [address] = ofPorts(await managementAddressesOfDevices(database, [port.deviceId]));
      const seen =
        address === undefined ? 'it has no management address' : await this.#ask(address, port, signal);
      if (signal.aborted) return;
      const at = clock.now();
      const unknown = { interfaceId: port.id, at, inBitsPerSecond: null, outBitsPerSecond: null };
      if (typeof seen === 'string') tell({ ...unknown, operStatus: null, failure: seen });
      else {
        const now = samples(seen, clock);
        tell({
          ...unknown,
          operStatus: seen.operStatus,
          inBitsPerSecond: rate(before?.in, now.in, seen),
          outBitsPerSecond: rate(before?.out, now.out, seen),
          failure: null,
        });
        before = now;
      }
      // The next one an interval after this one began; a slow device is not asked in a row.
      await pause(
        Math.max(this.#intervalMilliseconds / 2, this.#intervalMilliseconds - (performance.now() - began)),
        signal,
      );
    }
  }

  /** The port, or in words why it cannot be read. */
  async #ask(
    address: ManagementAddress,
    port: NetworkInterface,
    signal: AbortSignal,
  ): Promise<DeviceInterface | string> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(10_000)]);
    const context = operation(this.#services.clock, limit, 'interactive', `watch:${port.id}`);
    try {
      const session = await this.#sessions.of(address);
      if (session.readPort !== undefined)
        return (await session.readPort(port.stableKey, context))?.value ?? 'the device has no such port';
      for await (const { value } of session.read('interface', context))
        if (value.stableKey === port.stableKey) return value;
      return 'the device has no such port';
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      return `${error.code}: ${error.message}`;
    }
  }
}

interface PortSamples {
  readonly in: CounterSample;
  readonly out: CounterSample;
}

function samples(
  { inOctets, outOctets, uptimeSeconds, counterBits }: DeviceInterface,
  clock: Clock,
): PortSamples {
  const common = { at: clock.now(), uptimeSeconds, counterBits };
  return { in: { ...common, octets: inOctets }, out: { ...common, octets: outOctets } };
}

function rate(before: CounterSample | undefined, now: CounterSample, seen: DeviceInterface): bigint | null {
  if (before === undefined) return null;
  const result = rateBetween(before, now, seen.speedBitsPerSecond);
  return result.kind === 'RATE' ? result.bitsPerSecond : null;
}

function ofPorts(addresses: readonly ManagementAddress[]): ManagementAddress[] {
  const protocol = interfaceProtocol(addresses);
  return addresses.filter((address) => address.protocol === protocol);
}

async function* taken(watcher: Watcher, signal: AbortSignal, leave: () => void): AsyncGenerator<PortReading> {
  try {
    while (!signal.aborted) {
      const reading = watcher.waiting;
      watcher.waiting = null;
      if (reading !== null) yield reading;
      else
        await new Promise<void>((resolve) => {
          watcher.wake = resolve;
        });
    }
  } finally {
    leave();
  }
}
