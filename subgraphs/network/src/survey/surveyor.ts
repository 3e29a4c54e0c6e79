import { createHash } from 'node:crypto';
import type { NetworkServices } from '../builder.ts';
import { type DeviceSessions, operation } from '../device/sessions.ts';
import { answeringAddresses, type ManagementAddress } from '../device/store.ts';
import { readSurvey, type SurveyParts, type SurveyReading } from './read.ts';
import { recordSurvey } from './record.ts';

/** Surveys at the same time; they are long and nobody waits for them. */
const mostInFlight = 8;
const deadlineMilliseconds = 120_000;
/** How many intervals of radios lie between two readings of neighbours and bridges, and of the rest. */
const surroundingsEvery = 3;
const opticalEvery = 12;
const addressesEvery = 12;
/** A device whose ports change is surveyed again, but not more often than this. */
const soonestMilliseconds = 30_000;
/** A new device does not wait for its place in a long interval. */
const longestFirstWaitMilliseconds = 30_000;

export interface SurveyorParts {
  readonly services: NetworkServices;
  readonly sessions: DeviceSessions;
  /** Told after a survey was written. */
  readonly onSurvey: () => void;
}

interface Schedule {
  surroundingsAt: number;
  addressesAt: number;
  customersAt: number;
  lastAt: number;
}

/**
 * Asks devices, in a slow lane beside the poller's, whom they hear and serve. Radios once in an interval, neighbours and
 * forwarding tables every third time, address resolution and optical equipment every twelfth: routers have long tables, and line
 * cards suffer from being asked. Devices are
 * spread over the interval by a hash of their id; one that does not answer the poller is not asked.
 */
export class Surveyor {
  readonly #parts: SurveyorParts;
  readonly #intervalMilliseconds: number;
  readonly #schedules = new Map<string, Schedule>();
  readonly #inFlight = new Set<string>();

  constructor(parts: SurveyorParts, intervalMilliseconds: number) {
    this.#parts = parts;
    this.#intervalMilliseconds = intervalMilliseconds;
  }

  /** Surveys until the signal aborts. */
  run(signal: AbortSignal): void {
    let looking = false;
    const look = () => {
      if (looking || signal.aborted) return;
      looking = true;
      this.#surveyDue(signal)
        .catch((error: unknown) => {
          if (!signal.aborted)
            this.#parts.services.logger.warn({ error }, 'the surveyor cannot read what there is to survey');
        })
        .finally(() => {
          looking = false;
        });
    };
    look();
    const timer = setInterval(look, Math.min(this.#intervalMilliseconds / 2, 5_000));
    signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  }

  /** Something has changed at a device: it is asked again soon. */
  soon(deviceId: string): void {
    const schedule = this.#schedules.get(deviceId);
    if (schedule === undefined) return;
    const at = Math.max(steadyNow(), schedule.lastAt + soonestMilliseconds);
    schedule.surroundingsAt = Math.min(schedule.surroundingsAt, at);
  }

  async #surveyDue(signal: AbortSignal): Promise<void> {
    const devices = Map.groupBy(
      await answeringAddresses(this.#parts.services.database),
      ({ deviceId }) => deviceId,
    );
    for (const id of this.#schedules.keys()) if (!devices.has(id)) this.#schedules.delete(id);
    const now = steadyNow();
    for (const [deviceId, addresses] of devices) {
      if (this.#inFlight.size >= mostInFlight) return;
      const schedule = this.#scheduleOf(deviceId, now);
      const parts: SurveyParts = {
        surroundings: schedule.surroundingsAt <= now,
        addresses: schedule.addressesAt <= now,
        customers: schedule.customersAt <= now,
      };
      if (this.#inFlight.has(deviceId) || !Object.values(parts).includes(true)) continue;
      this.#inFlight.add(deviceId);
      schedule.lastAt = now;
      if (parts.surroundings) schedule.surroundingsAt = now + surroundingsEvery * this.#intervalMilliseconds;
      if (parts.addresses) schedule.addressesAt = now + addressesEvery * this.#intervalMilliseconds;
      if (parts.customers) schedule.customersAt = now + this.#intervalMilliseconds;
      void this.#survey(deviceId, addresses, parts, signal)
        .then((reading) => {
          const optical = reading.customers?.values.some(({ medium }) => medium === 'OPTICAL') ?? false;
          if (optical) schedule.customersAt = now + opticalEvery * this.#intervalMilliseconds;
        })
        .catch((error: unknown) => {
          if (!signal.aborted)
            this.#parts.services.logger.error({ error, deviceId }, 'a survey could not be recorded');
        })
        .finally(() => this.#inFlight.delete(deviceId));
    }
  }

  #scheduleOf(deviceId: string, now: number): Schedule {
    const known = this.#schedules.get(deviceId);
    if (known !== undefined) return known;
    const spread = Math.min(this.#intervalMilliseconds, longestFirstWaitMilliseconds);
    const hash = createHash('sha1').update(deviceId).digest().readUInt32BE(0);
    const first = now + (hash % Math.max(1, Math.floor(spread)));
    const schedule = { surroundingsAt: first, addressesAt: first, customersAt: first, lastAt: 0 };
    this.#schedules.set(deviceId, schedule);
    return schedule;
  }

  async #survey(
    deviceId: string,
    addresses: readonly ManagementAddress[],
    parts: SurveyParts,
    signal: AbortSignal,
  ): Promise<SurveyReading> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(deadlineMilliseconds)]);
    const context = operation(this.#parts.services.clock, limit, 'bulk', `survey:${deviceId}`);
    // RouterOS tells more over its API than over SNMP.
    const ordered = addresses.toSorted((a, b) => a.protocol.localeCompare(b.protocol));
    const reading = await readSurvey(
      ordered.map((address) => () => this.#parts.sessions.of(address)),
      parts,
      context,
    );
    if (signal.aborted) return reading;
    if (await recordSurvey(this.#parts.services, deviceId, reading)) this.#parts.onSurvey();
    return reading;
  }
}

/** Intervals are not those of the wall clock, which may be set, nor of a demo's, which leaps. */
function steadyNow(): number {
  return performance.now();
}
