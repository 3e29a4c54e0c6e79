import { DeviceError, type DeviceSensor, lanePolicy, type Observed, PollingLanes } from '@dotmac/device';
import type { NetworkServices } from '../builder.ts';
import { type DeviceSessions, operation } from '../device/sessions.ts';
import { answeringAddresses, type ManagementAddress } from '../device/store.ts';
import { dueSensors, modelOfKind, type PlannedSensors, type SensorReadingKind, sensorPlan } from './plan.ts';
import { recordSensors } from './record.ts';
import type { Sensor } from './store.ts';

/** Devices whose sensors are read at the same time. */
const mostInFlight = 16;
const deadlineMilliseconds = 60_000;
const refreshMilliseconds = 15_000;
/** More than any device measures; line cards are asked for no more of their customers. */
const mostSensors = 10_000;
/** A device that cries out is not asked again sooner. */
const soonestMilliseconds = 5_000;
/** A reading counts as fresh for so many of its intervals. */
const freshIntervals = 2.5;

export interface SensorLaneParts {
  readonly services: NetworkServices;
  readonly sessions: DeviceSessions;
}

/**
 * Reads what devices measure, in a lane beside the poller's: each device at its own phase of the interval, one reading in
 * flight per device, those that do not answer the poller not at all.
 */
export class SensorLane {
  readonly #parts: SensorLaneParts;
  readonly intervalMilliseconds: number;
  readonly #lanes: PollingLanes;
  readonly #readAt = new Map<string, Map<SensorReadingKind, number>>();
  #devices: ReadonlyMap<string, readonly ManagementAddress[]> = new Map();
  #signal: AbortSignal = AbortSignal.abort();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: SensorLaneParts, intervalMilliseconds: number) {
    this.#parts = parts;
    this.intervalMilliseconds = intervalMilliseconds;
    this.#lanes = new PollingLanes({ ...lanePolicy(intervalMilliseconds), fastInFlight: mostInFlight });
  }

  /** Reads until the signal aborts. */
  run(signal: AbortSignal): void {
    this.#signal = signal;
    let refreshing = false;
    const refresh = () => {
      if (refreshing || signal.aborted) return;
      refreshing = true;
      this.#refresh()
        .catch((error: unknown) => {
          if (!signal.aborted)
            this.#parts.services.logger.warn(
              { error },
              'the sensors there are cannot be read from the database',
            );
        })
        .finally(() => {
          refreshing = false;
        });
    };
    refresh();
    const timer = setInterval(refresh, Math.min(refreshMilliseconds, this.intervalMilliseconds / 2));
    const stop = () => {
      clearInterval(timer);
      clearTimeout(this.#timer);
    };
    signal.addEventListener('abort', stop, { once: true });
  }

  /** Something has happened at devices: they are read as soon as possible, line cards only when they are due. */
  ask(deviceIds: readonly string[]): void {
    const now = steadyNow();
    const quiet = deviceIds.filter(
      (id) => now - (this.#readAt.get(id)?.get('sensors') ?? -Infinity) >= soonestMilliseconds,
    );
    if (quiet.length === 0) return;
    this.#lanes.ask(quiet, now);
    this.#begin();
  }

  /** Whether a reading is recent enough to be believed. `now`: milliseconds since the epoch. */
  isFresh({ readAt, seldom, goneSince }: Sensor, now: number): boolean {
    const every = (seldom ? 12 : 1) * this.intervalMilliseconds;
    return goneSince === null && now - readAt.getTime() <= freshIntervals * every;
  }

  async #refresh(): Promise<void> {
    const addresses = await answeringAddresses(this.#parts.services.database);
    const measuring = [...Map.groupBy(addresses, ({ deviceId }) => deviceId)].filter(
      ([, all]) => this.#plan(all).length > 0,
    );
    this.#devices = new Map(measuring);
    for (const id of this.#readAt.keys()) if (!this.#devices.has(id)) this.#readAt.delete(id);
    this.#lanes.keep(
      measuring.map(([id]) => ({ id, silent: false, fresh: false })),
      steadyNow(),
    );
    this.#begin();
  }

  #plan(addresses: readonly ManagementAddress[]): PlannedSensors[] {
    return sensorPlan(addresses, this.intervalMilliseconds);
  }

  #begin(): void {
    clearTimeout(this.#timer);
    if (this.#signal.aborted) return;
    for (const { id } of this.#lanes.begin(steadyNow())) {
      void this.#read(id)
        .catch((error: unknown) => {
          if (!this.#signal.aborted)
            this.#parts.services.logger.error(
              { error, deviceId: id },
              'a reading of sensors could not be recorded',
            );
        })
        .then(() => {
          this.#lanes.ended(id, 'answered', steadyNow());
          this.#begin();
        });
    }
    const next = this.#lanes.nextAt();
    if (next === null) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#begin(), Math.max(1, next - steadyNow())).unref();
  }

  async #read(deviceId: string): Promise<void> {
    const addresses = this.#devices.get(deviceId) ?? [];
    const readAt = this.#readAt.get(deviceId) ?? new Map<SensorReadingKind, number>();
    this.#readAt.set(deviceId, readAt);
    for (const { kind, protocol } of dueSensors(this.#plan(addresses), readAt, steadyNow())) {
      const address = addresses.find((one) => one.protocol === protocol);
      if (address === undefined || this.#signal.aborted) continue;
      readAt.set(kind, steadyNow());
      const read = await this.#readKind(address, kind);
      if (read === null || this.#signal.aborted) continue;
      await recordSensors(this.#parts.services, deviceId, {
        ...read,
        seldom: kind === 'lineSensors',
        over: protocol,
      });
    }
  }

  /** Null when nothing came: whether the device answers at all is the poller's business. */
  async #readKind(address: ManagementAddress, kind: SensorReadingKind) {
    const { services, sessions } = this.#parts;
    const limit = AbortSignal.any([this.#signal, AbortSignal.timeout(deadlineMilliseconds)]);
    const context = operation(services.clock, limit, 'bulk', `${kind}:${address.deviceId}`);
    const sensors: Observed<DeviceSensor>[] = [];
    try {
      const session = await sessions.of(address);
      for await (const one of session.read(modelOfKind[kind], context)) {
        if (sensors.push(one) >= mostSensors) return { sensors, complete: false };
      }
      return { sensors, complete: true };
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      if (error.code === 'PARTIAL_FAILURE') return { sensors, complete: false };
      services.logger.debug({ error, deviceId: address.deviceId }, 'sensors were not read');
      return null;
    }
  }
}

/** Intervals are not those of the wall clock, which may be set, nor of a demo's, which leaps. */
function steadyNow(): number {
  return performance.now();
}
