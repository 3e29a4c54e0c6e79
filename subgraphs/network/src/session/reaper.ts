import { appendEvents, type Clock } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { LoginPolicy } from '../aaa/policy.ts';
import type { NetworkServices } from '../builder.ts';
import { sessionEvent } from './events.ts';
import { staleCause } from './rules.ts';
import { closeStale } from './store.ts';

const chunk = 1_000;

/**
 * Closes sessions that have fallen silent.
 * @param hearingSince since when what NASes say is recorded (milliseconds since the epoch): before that, silence was ours.
 * @returns how many.
 */
export async function reapOnce(
  services: NetworkServices,
  policy: LoginPolicy,
  sessionClock: Clock,
  hearingSince: number,
): Promise<number> {
  let reaped = 0;
  for (let more = true; more; ) {
    const closed = await services.database.transaction().execute(async (transaction) => {
      const sessions = await closeStale(transaction, {
        now: new Date(sessionClock.now()),
        hearingSince: new Date(hearingSince),
        cause: staleCause,
        limit: chunk,
      });
      await appendEvents<TenantEvents>(
        transaction,
        sessions.map((session) => sessionEvent('STOPPED', session, 'system:reaper')),
      );
      return sessions;
    });
    policy.sessionsChanged(closed);
    reaped += closed.length;
    more = closed.length === chunk;
  }
  return reaped;
}

/**
 * Looks again and again until the signal aborts; one look at a time. A process that has just begun, and one whose database
 * was away, gives everybody as long as it takes to be stale: while nobody was heard, or could be recorded, nobody was silent.
 */
export function reapStaleSessions(
  services: NetworkServices,
  policy: LoginPolicy,
  sessionClock: Clock,
  signal: AbortSignal,
  intervalMilliseconds: number,
): void {
  let looking = false;
  let hearingSince: number | null = sessionClock.now();
  const look = () => {
    if (looking || signal.aborted) return;
    looking = true;
    hearingSince ??= sessionClock.now();
    reapOnce(services, policy, sessionClock, hearingSince)
      .catch((error: unknown) => {
        hearingSince = null;
        if (!signal.aborted) services.logger.warn({ error }, 'stale sessions stay until the next look');
      })
      .finally(() => {
        looking = false;
      });
  };
  const timer = setInterval(look, intervalMilliseconds);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}
