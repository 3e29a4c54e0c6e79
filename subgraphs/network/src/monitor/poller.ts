import type { Clock } from '@dotmac/platform';
import type { NetworkServices } from '../builder.ts';
import { missesUntilOffline } from '../device/rules.ts';
import { type DeviceSessions, operation } from '../device/sessions.ts';
import { type ManagementAddress, pollableAddresses } from '../device/store.ts';
import type { IncidentWatch } from '../incident/watch.ts';
import { topology } from '../topology/store.ts';
import { interfaceProtocol, type Reading, readDevice } from './poll.ts';
import { recordPoll } from './record.ts';

/** The poller looks this often at what is due, so that a new device does not wait for a whole interval. */
const longestTickMilliseconds = 2_000;
/** Devices asked at the same time. */
const mostInFlight = 64;
/** A device under suspicion is asked again so soon after its poll ended: a poll itself tries several times. */
const suspectMilliseconds = 250;
/** A poll may take this long before the device counts as silent. */
const deadlineMilliseconds = 20_000;

export interface PollerParts {
  readonly services: NetworkServices;
  readonly sessions: DeviceSessions;
  /** See `NetworkPorts`. */
  readonly sessionClock: Clock;
  /** Told of silence and of its end. */
  readonly incidents: IncidentWatch;
}

/**
 * Watches every device with a management address: one poll in flight per device, the next one an interval after the
 * last began. Which devices there are is read anew each time, so nothing is missed and nothing needs telling.
 */
export class Poller {
  readonly #services: NetworkServices;
  readonly #sessions: DeviceSessions;
  readonly #sessionClock: Clock;
  readonly #incidents: IncidentWatch;
  readonly #intervalMilliseconds: number;
  readonly #inFlight = new Set<string>();
  readonly #dueAt = new Map<string, number>();
  /** Polls without an answer in a row, as far as this process has seen. */
  readonly #misses = new Map<string, number>();
  /** Management addresses probed by this process, with what they were then. */
  readonly #probed = new Map<string, string>();
  /** Looks at what is due; nothing before `run`. */
  #look: () => void = () => undefined;

  constructor({ services, sessions, sessionClock, incidents }: PollerParts, intervalMilliseconds: number) {
    this.#services = services;
    this.#sessions = sessions;
    this.#sessionClock = sessionClock;
    this.#incidents = incidents;
    this.#intervalMilliseconds = intervalMilliseconds;
  }

  /** Polls until the signal aborts. */
  run(signal: AbortSignal): void {
    let looking = false;
    let again = false;
    this.#look = () => {
      if (signal.aborted) return;
      if (looking) {
        again = true;
        return;
      }
      looking = true;
      again = false;
      this.#pollDue(signal)
        .catch((error: unknown) => {
          if (!signal.aborted)
            this.#services.logger.warn({ error }, 'the poller cannot read what there is to poll');
        })
        .finally(() => {
          looking = false;
          if (again) this.#look();
        });
    };
    this.#look();
    const timer = setInterval(
      () => this.#look(),
      Math.min(this.#intervalMilliseconds, longestTickMilliseconds),
    );
    signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  }

  async #pollDue(signal: AbortSignal): Promise<void> {
    const devices = Map.groupBy(
      await pollableAddresses(this.#services.database),
      (address) => address.deviceId,
    );
    for (const id of this.#dueAt.keys()) {
      if (devices.has(id)) continue;
      this.#dueAt.delete(id);
      this.#misses.delete(id);
    }
    const now = this.#services.clock.now();
    for (const [deviceId, addresses] of devices) {
      if (this.#inFlight.size >= mostInFlight) return;
      if (this.#inFlight.has(deviceId) || (this.#dueAt.get(deviceId) ?? 0) > now) continue;
      this.#dueAt.set(deviceId, now + this.#intervalMilliseconds);
      this.#inFlight.add(deviceId);
      void this.#poll(deviceId, addresses, signal)
        .catch((error: unknown) => {
          if (!signal.aborted)
            this.#services.logger.error({ error, deviceId }, 'a poll could not be recorded');
        })
        .finally(() => this.#inFlight.delete(deviceId));
    }
  }

  async #poll(deviceId: string, addresses: readonly ManagementAddress[], signal: AbortSignal): Promise<void> {
    const askedAt = this.#services.clock.now();
    const limit = AbortSignal.any([signal, AbortSignal.timeout(deadlineMilliseconds)]);
    const context = operation(this.#services.clock, limit, 'poll', `poll:${deviceId}`);
    const portsOver = interfaceProtocol(addresses);
    const readings = await Promise.all(
      addresses.map(async (address) => {
        const probe = this.#needsProbe(address);
        const reading = await readDevice(
          address,
          () => this.#sessions.of(address),
          { probe, interfaces: address.protocol === portsOver },
          context,
        );
        this.#noteProbe(address, probe && reading.failure === null, reading.failure?.silent ?? false);
        return reading;
      }),
    );
    if (signal.aborted) return;
    const news = await recordPoll(this.#services, deviceId, { readings, askedAt }, this.#sessionClock);
    this.#lookAgainSoon(deviceId, readings);
    if (news === 'NOTHING') return;
    if (news !== 'STILL_SILENT') await this.#askNeighbours(deviceId);
    this.#incidents.wake();
  }

  /** A suspicion is confirmed or lifted quickly; a device that is known to be down is asked at the usual pace. */
  #lookAgainSoon(deviceId: string, readings: readonly Reading[]): void {
    const silent = readings.every((reading) => reading.failure?.silent === true);
    const misses = silent ? (this.#misses.get(deviceId) ?? 0) + 1 : 0;
    this.#misses.set(deviceId, misses);
    if (misses > 0 && misses < missesUntilOffline) {
      const wait = Math.min(suspectMilliseconds, this.#intervalMilliseconds);
      this.#dueAt.set(deviceId, this.#services.clock.now() + wait);
      setTimeout(() => this.#look(), wait).unref();
    }
  }

  /** When one falls silent or comes back, the devices on its way and those that hang on it say what that means. */
  async #askNeighbours(deviceId: string): Promise<void> {
    const ways = await topology(this.#services.database);
    this.ask([...ways.pathFrom(deviceId).slice(1), ...ways.childrenOf(deviceId)]);
  }

  /** Has devices asked as soon as possible. */
  ask(deviceIds: readonly string[]): void {
    const now = this.#services.clock.now();
    for (const id of deviceIds) if (this.#dueAt.has(id)) this.#dueAt.set(id, now);
    if (deviceIds.length > 0) this.#look();
  }

  /** Once per process and address, and again after the device was silent: it may have come back as another. */
  #needsProbe(address: ManagementAddress): boolean {
    return this.#probed.get(keyOf(address)) !== signatureOf(address) || address.capabilities.length === 0;
  }

  #noteProbe(address: ManagementAddress, done: boolean, silent: boolean): void {
    if (done) this.#probed.set(keyOf(address), signatureOf(address));
    else if (silent) this.#probed.delete(keyOf(address));
  }
}

function keyOf({ deviceId, protocol }: ManagementAddress): string {
  return `${deviceId} ${protocol}`;
}

function signatureOf({ host, port }: ManagementAddress): string {
  return `${host} ${port}`;
}
