import { appendEvents, type Clock, localDateAt } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { NetworkServices } from '../builder.ts';
import type { SessionState } from '../session/rules.ts';
import { spreadOverHours, tellMilliseconds, uncounted } from './rules.ts';
import {
  addUsage,
  type Due,
  dueSessions,
  hoursOfDays,
  lockUsage,
  takeDaysToTell,
  type UsedHour,
  uncountedSessions,
} from './store.ts';

const flushMilliseconds = 2_000;
/** Days that end are looked for this often, also when nothing changes. */
const lookMilliseconds = 60_000;
const mostAtOnce = 1_000;
/** What a crash left uncounted is looked for this far back. */
const lookBackMilliseconds = 35 * 86_400_000;

/**
 * Counts what services use from their sessions, beside the path of accounting: a session that changed is noted in memory
 * and its octets are added soon after, exactly once, whatever dies in between.
 */
export class UsageRecorder {
  readonly #services: NetworkServices;
  readonly #sessionClock: Clock;
  readonly #timeZone: string;
  readonly #onCounted: (serviceIds: readonly string[]) => void;
  #changed = new Set<string>();
  #last: Promise<unknown> = Promise.resolve();

  /** @param onCounted told of services whose octets are counted anew, after the commit. */
  constructor(
    services: NetworkServices,
    sessionClock: Clock,
    onCounted: (serviceIds: readonly string[]) => void = () => {},
  ) {
    this.#onCounted = onCounted;
    this.#services = services;
    this.#sessionClock = sessionClock;
    this.#timeZone = services.tenant?.timeZone ?? 'UTC';
  }

  /** Told after a commit of accounting. Synchronous and cheap. */
  note(sessions: readonly SessionState[]): void {
    for (const { id, serviceId } of sessions) if (serviceId !== null) this.#changed.add(id);
  }

  /** Counts until the signal aborts, beginning with what the last process left. */
  run(signal: AbortSignal): void {
    let working = false;
    let lookedAt = Number.NEGATIVE_INFINITY;
    let caughtUp = false;
    const work = async () => {
      if (!caughtUp) await this.#catchUp();
      caughtUp = true;
      const now = performance.now();
      if (this.#changed.size === 0 && now - lookedAt < lookMilliseconds) return;
      lookedAt = now;
      await this.count();
    };
    const timer = setInterval(() => {
      if (working) return;
      working = true;
      work()
        .catch((error: unknown) => {
          if (!signal.aborted) this.#services.logger.warn({ error }, 'usage is counted later');
        })
        .finally(() => {
          working = false;
        });
    }, flushMilliseconds);
    signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  }

  /** Counts what is waiting and tells the event log; one at a time. */
  count(): Promise<void> {
    const turn = this.#last.then(() => this.#countAll());
    // The caller hears of a failure; the next in line is not stopped by it.
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #catchUp(): Promise<void> {
    const since = new Date(this.#sessionClock.now() - lookBackMilliseconds);
    for (const id of await uncountedSessions(this.#services.database, since)) this.#changed.add(id);
  }

  async #countAll(): Promise<void> {
    for (;;) {
      const ids = [...this.#changed].slice(0, mostAtOnce);
      const more = this.#changed.size > ids.length;
      // Before the reading: what changes during it is counted next time.
      for (const id of ids) this.#changed.delete(id);
      try {
        await this.#countSome(ids, !more);
      } catch (error) {
        for (const id of ids) this.#changed.add(id);
        throw error;
      }
      if (!more) return;
    }
  }

  async #countSome(sessionIds: readonly string[], nothingWaits: boolean): Promise<void> {
    const { database, clock } = this.#services;
    const now = clock.now();
    // Sessions live in the time of NASes; the tenant's days are those of its business clock. Alike but in a demo.
    const ahead = now - this.#sessionClock.now();
    const today = localDateAt(now, this.#timeZone);
    const todayBegan = Temporal.PlainDate.from(today).toZonedDateTime(this.#timeZone).epochMilliseconds;
    const counted = await database.transaction().execute(async (transaction) => {
      await lockUsage(transaction);
      const due = sessionIds.length === 0 ? [] : await dueSessions(transaction, sessionIds);
      const hours = hoursOf(due, ahead, this.#timeZone);
      if (due.length > 0) await addUsage(transaction, due, hours);
      const days = await takeDaysToTell(transaction, {
        touched: hours,
        now: new Date(now),
        toldBefore: new Date(now - tellMilliseconds),
        today,
        todayBegan: new Date(todayBegan - ahead),
        // While sessions wait to be counted, no day is complete.
        limit: nothingWaits ? mostAtOnce : 0,
      });
      const told = await hoursOfDays(transaction, days);
      await appendEvents<TenantEvents>(
        transaction,
        days.map((day) => ({
          type: 'usage.recorded',
          subject: day.serviceId,
          payload: {
            ...day,
            hours: told
              .filter((one) => one.serviceId === day.serviceId && one.day === day.day)
              .map(({ hour, downstreamOctets, upstreamOctets }) => ({
                hour,
                downstreamOctets,
                upstreamOctets,
              })),
          },
          occurredAt: now,
          actor: 'system:network',
        })),
      );
      return due.map(({ serviceId }) => serviceId);
    });
    if (counted.length > 0) this.#onCounted(counted);
  }
}

/** What sessions used beyond what is counted, by service, local day and hour. */
function hoursOf(due: readonly Due[], ahead: number, timeZone: string): UsedHour[] {
  const hours = new Map<string, { serviceId: string; day: string; hour: number; down: bigint; up: bigint }>();
  for (const one of due) {
    const from = one.countedUntil.getTime() + ahead;
    const to = one.updatedAt.getTime() + ahead;
    const add = (octets: bigint, direction: 'down' | 'up') => {
      for (const part of spreadOverHours(octets, from, to, timeZone)) {
        const key = `${one.serviceId} ${part.day} ${part.hour}`;
        const sum = hours.get(key) ?? {
          serviceId: one.serviceId,
          day: part.day,
          hour: part.hour,
          down: 0n,
          up: 0n,
        };
        sum[direction] += part.octets;
        hours.set(key, sum);
      }
    };
    add(uncounted(BigInt(one.downstreamOctets), BigInt(one.countedDownstream)), 'down');
    add(uncounted(BigInt(one.upstreamOctets), BigInt(one.countedUpstream)), 'up');
  }
  return [...hours.values()].map(({ serviceId, day, hour, down, up }) => ({
    serviceId,
    day,
    hour,
    downstreamOctets: String(down),
    upstreamOctets: String(up),
  }));
}
