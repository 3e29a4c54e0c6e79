import { appendEvents, type Clock } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { LoginPolicy } from '../aaa/policy.ts';
import type { NetworkServices } from '../builder.ts';
import { sessionEvent } from './events.ts';
import { staleCause } from './rules.ts';
import { closeStale } from './store.ts';

const intervalMilliseconds = 60_000;
const chunk = 1_000;

/** Closes sessions that have fallen silent. @returns how many. */
export async function reapOnce(
  services: NetworkServices,
  policy: LoginPolicy,
  sessionClock: Clock,
): Promise<number> {
  let reaped = 0;
  for (let more = true; more; ) {
    const closed = await services.database.transaction().execute(async (transaction) => {
      const sessions = await closeStale(transaction, new Date(sessionClock.now()), staleCause, chunk);
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

/** Looks at once and then every minute until the signal aborts; one look at a time. */
export function reapStaleSessions(
  services: NetworkServices,
  policy: LoginPolicy,
  sessionClock: Clock,
  signal: AbortSignal,
): void {
  let looking = false;
  const look = () => {
    if (looking || signal.aborted) return;
    looking = true;
    reapOnce(services, policy, sessionClock)
      .catch((error: unknown) => {
        if (!signal.aborted) services.logger.warn({ error }, 'stale sessions stay until the next look');
      })
      .finally(() => {
        looking = false;
      });
  };
  look();
  const timer = setInterval(look, intervalMilliseconds);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}
