import { type LaneStanding, lanePolicy, type PollEnd, PollingLanes, type ReachProbe } from '@dotmac/device';
import { type Clock, outsideTrace } from '@dotmac/platform';
import type { NetworkServices } from '../builder.ts';
import { missesUntilOffline } from '../device/rules.ts';
import { type DeviceSessions, operation } from '../device/sessions.ts';
import { type ManagementAddress, type Pollable, pollables } from '../device/store.ts';
import type { IncidentWatch } from '../incident/watch.ts';
import { type PlannedSensors, sensorPlan } from '../sensor/plan.ts';
import { topology } from '../topology/store.ts';
import { AddressMemory } from './address-memory.ts';
import { type HostLook, lookAtHost } from './host-look.ts';
import { countPolls, type PollCounters } from './metrics.ts';
import { interfaceProtocol, type PlannedReading, pollingPlan, type ReadingKind } from './plan.ts';
import { type Reading, readDevice } from './poll.ts';
import { recordPoll } from './record.ts';

/** Which devices there are is read anew so often at least, at most, and for no more than this share of the time. */
const refreshMilliseconds = { least: 2_000, most: 5_000 };
const refreshShare = 0.1;
/** A poll may take this long before the device counts as silent. */
const deadlineMilliseconds = 20_000;
/** Sends of the one question to a device under suspicion, and to one that is known to be silent. */
const aliveTries = { suspect: 2, silent: 1 };

export interface PollerParts {
  readonly services: NetworkServices;
  readonly sessions: DeviceSessions;
  /** See `NetworkPorts`. */
  readonly sessionClock: Clock;
  /** Looks whether the host of a silent device is there; null: nobody looks. */
  readonly reach: ReachProbe | null;
  /** Told of silence and of its end. */
  readonly incidents: IncidentWatch;
  /** Between two readings of a device's sensors, which another lane takes. */
  readonly sensorMilliseconds: number;
}

/** How a device is polled, for those who look. Times are those of the services' clock. */
export interface PollingView extends LaneStanding {
  readonly plan: readonly (PlannedReading | PlannedSensors)[];
}

/**
 * Watches every device with a management address: one poll in flight per device, in the lane and at the time that
 * `PollingLanes` gives it. Which devices there are is read anew every few seconds, so nothing is missed and nothing needs
 * telling.
 */
export class Poller {
  readonly #services: NetworkServices;
  readonly #sessions: DeviceSessions;
  readonly #sessionClock: Clock;
  readonly #incidents: IncidentWatch;
  readonly #reach: ReachProbe | null;
  readonly #intervalMilliseconds: number;
  readonly #sensorMilliseconds: number;
  readonly #counters: PollCounters;
  readonly lanes: PollingLanes;
  #devices: ReadonlyMap<string, Pollable> = new Map();
  readonly #memory = new AddressMemory();
  #signal: AbortSignal = AbortSignal.abort();
  #timer: NodeJS.Timeout | undefined;
  #refreshTimer: NodeJS.Timeout | undefined;
  #refreshing = false;
  #refreshAgain = false;

  constructor(
    { services, sessions, sessionClock, incidents, reach, sensorMilliseconds }: PollerParts,
    intervalMilliseconds: number,
  ) {
    this.#services = services;
    this.#sessions = sessions;
    this.#sessionClock = sessionClock;
    this.#incidents = incidents;
    this.#reach = reach;
    this.#intervalMilliseconds = intervalMilliseconds;
    this.#sensorMilliseconds = sensorMilliseconds;
    this.lanes = new PollingLanes({
      ...lanePolicy(intervalMilliseconds),
      missesUntilSilent: missesUntilOffline,
    });
    this.#counters = countPolls(services.metrics, this.lanes, {
      now: steadyNow,
      nameOf: (id) => this.#devices.get(id)?.name ?? id,
    });
  }

  /** Polls until the signal aborts. */
  run(signal: AbortSignal): void {
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#stop(), { once: true });
    this.refresh();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#refreshTimer);
  }

  /** Has devices asked as soon as possible; with a hint, the pauses of silent ones begin anew. */
  ask(deviceIds: readonly string[]): void {
    if (deviceIds.length === 0) return;
    this.lanes.ask(deviceIds, steadyNow());
    outsideTrace(() => this.#begin());
  }

  /** Has every device asked anew who it is, with its next poll: what is known of hardware has changed. */
  probeAgain(): void {
    this.#memory.probeAgain();
  }

  /** Null for a device that is not polled. */
  view(deviceId: string): PollingView | null {
    const standing = this.lanes.standing(deviceId);
    const device = this.#devices.get(deviceId);
    if (standing === null || device === undefined) return null;
    const ahead = this.#services.clock.now() - steadyNow();
    const time = (at: number | null) => (at === null ? null : at + ahead);
    return {
      ...standing,
      dueAt: standing.dueAt + ahead,
      startedAt: time(standing.startedAt),
      lastStartedAt: time(standing.lastStartedAt),
      overranAt: time(standing.overranAt),
      plan: [
        ...pollingPlan(device.addresses, this.#intervalMilliseconds),
        ...sensorPlan(device.addresses, this.#sensorMilliseconds),
      ],
    };
  }

  /** Devices whose polls take longer than their interval. */
  overrunning(): string[] {
    return this.lanes.overrunning(steadyNow());
  }

  /** Reads anew which devices there are; whoever changes them need not say so, but it is quicker. */
  refresh(): void {
    clearTimeout(this.#refreshTimer);
    this.#refreshAgain = this.#refreshing;
    if (this.#refreshing || this.#signal.aborted) return;
    // The rounds go on for ever, and whoever asked for the first of them does not wait for any.
    outsideTrace(() => this.#refresh());
  }

  #refresh(): void {
    this.#refreshing = true;
    const began = steadyNow();
    this.#readDevices()
      .catch((error: unknown) => {
        if (!this.#signal.aborted)
          this.#services.logger.warn({ error }, 'the poller cannot read what there is to poll');
      })
      .finally(() => {
        this.#refreshing = false;
        if (this.#signal.aborted) return;
        const wait = (steadyNow() - began) / refreshShare;
        const { least, most } = refreshMilliseconds;
        const often = Math.min(least, this.#intervalMilliseconds);
        const pause = this.#refreshAgain ? 0 : Math.min(most, Math.max(often, wait));
        this.#refreshTimer = setTimeout(() => this.refresh(), pause).unref();
      });
  }

  async #readDevices(): Promise<void> {
    const devices = await pollables(this.#services.database);
    this.#devices = new Map(devices.map((device) => [device.id, device]));
    this.lanes.keep(
      devices.map(({ id, silent, polled }) => ({ id, silent, fresh: !polled })),
      steadyNow(),
    );
    this.#memory.keep((id) => this.#devices.has(id));
    this.#begin();
  }

  #begin(): void {
    clearTimeout(this.#timer);
    if (this.#signal.aborted) return;
    for (const { id, lane } of this.lanes.begin(steadyNow())) {
      this.#poll(id, lane === 'slow')
        .catch((error: unknown): PollEnd => {
          if (!this.#signal.aborted)
            this.#services.logger.error({ error, deviceId: id }, 'a poll could not be recorded');
          return 'answered';
        })
        .then((end) => {
          this.lanes.ended(id, end, steadyNow());
          this.#counters.ended(lane, end);
          this.#begin();
        });
    }
    const next = this.lanes.nextAt();
    if (next === null) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#begin(), Math.max(1, next - steadyNow())).unref();
  }

  async #poll(deviceId: string, wasSilent: boolean): Promise<PollEnd> {
    const device = this.#devices.get(deviceId);
    if (device === undefined) return 'answered';
    const signal = this.#signal;
    const askedAt = this.#services.clock.now();
    const limit = AbortSignal.any([signal, AbortSignal.timeout(deadlineMilliseconds)]);
    const context = operation(this.#services.clock, limit, 'poll', `poll:${deviceId}`);
    const plan = pollingPlan(device.addresses, this.#intervalMilliseconds);
    const portsOver = interfaceProtocol(device.addresses);
    const suspect = (this.lanes.standing(deviceId)?.misses ?? 0) < missesUntilOffline;
    const looking = wasSilent ? this.#look(device, limit) : null;
    const readings = await Promise.all(
      device.addresses.map(async (address) => {
        const { kinds, probe } = this.#memory.due(plan, address, steadyNow());
        const reading = await readDevice(
          address,
          () => this.#sessions.of(address),
          {
            probe,
            kinds,
            afterProbe: address.protocol === portsOver ? everything : exceptPorts,
            aliveTries: wasSilent ? aliveTries[suspect ? 'suspect' : 'silent'] : null,
          },
          context,
        );
        this.#memory.noteRead(address, reading, steadyNow());
        return { address, probe, reading };
      }),
    );
    const silent = readings.length > 0 && readings.every(({ reading }) => reading.failure?.silent === true);
    const reach = silent ? await looking?.done : looking?.forget();
    if (signal.aborted) return 'answered';
    for (const { address, probe, reading } of readings) this.#noteProbe(address, probe, reading);
    const news = await recordPoll(
      this.#services,
      deviceId,
      { readings: readings.map(({ reading }) => reading), askedAt, reach: reach ?? null },
      this.#sessionClock,
    );
    if (news !== 'NOTHING') {
      if (news !== 'STILL_SILENT') await this.#askNeighbours(deviceId);
      this.#incidents.wake();
    }
    return silent ? 'silent' : 'answered';
  }

  /** While a silent device is asked, its host is looked at; an answer of the device makes that needless. */
  #look({ addresses: [first] }: Pollable, limit: AbortSignal): HostLook | null {
    if (this.#reach === null || first === undefined) return null;
    return lookAtHost(this.#reach, this.#sessions.destinations, first.host, limit);
  }

  /** When one falls silent or comes back, the devices on its way and those that hang on it say what that means. */
  async #askNeighbours(deviceId: string): Promise<void> {
    const ways = await topology(this.#services.database);
    this.ask([...ways.pathFrom(deviceId).slice(1), ...ways.childrenOf(deviceId)]);
  }

  #noteProbe(address: ManagementAddress, probed: boolean, reading: Reading): void {
    this.#memory.noteProbe(address, probed, reading);
    const { capabilities } = reading;
    const device = this.#devices.get(address.deviceId);
    if (capabilities === null || device === undefined) return;
    // Known at once, before the devices are read from the database again.
    const addresses = device.addresses.map((one) =>
      one.protocol === address.protocol ? { ...one, capabilities } : one,
    );
    this.#devices = new Map(this.#devices).set(device.id, { ...device, addresses });
  }
}

const everything: ReadonlySet<ReadingKind> = new Set(['identity', 'health', 'interfaces']);
const exceptPorts: ReadonlySet<ReadingKind> = new Set(['identity', 'health']);

/** Intervals are not those of the wall clock, which may be set, nor of a demo's, which leaps. */
function steadyNow(): number {
  return performance.now();
}
