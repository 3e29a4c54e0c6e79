import { speedOf } from '../access/rules.ts';
import { expiredOverrides, lockedAccess, updateAccess } from '../access/store.ts';
import type { NetworkServices } from '../builder.ts';
import { requestChange } from './events.ts';

const lookMilliseconds = 30_000;

/** Takes back speeds whose time is over. @returns how many. */
export async function expireOnce(services: NetworkServices): Promise<number> {
  const { database, clock } = services;
  const now = new Date(clock.now());
  const due = await expiredOverrides(database, now);
  for (const serviceId of due)
    await database.transaction().execute(async (transaction) => {
      const access = await lockedAccess(transaction, serviceId);
      // Somebody may have given it more time meanwhile.
      if (access === null || access.overrideUntil === null || access.overrideUntil > now) return;
      await updateAccess(transaction, serviceId, { override: null, overrideUntil: null });
      if (access.closedAt !== null) return;
      const shaping = speedOf({ ...access, override: null });
      await requestChange(
        transaction,
        services,
        { ...access, override: null, shaping },
        { because: 'the time of the speed set by hand is over', actor: 'system:network' },
      );
    });
  return due.length;
}

/** Looks every half minute until the signal aborts. */
export function expireSpeeds(services: NetworkServices, signal: AbortSignal): void {
  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    expireOnce(services)
      .catch((error: unknown) => {
        if (!signal.aborted) services.logger.warn({ error }, 'speeds set by hand stay until the next look');
      })
      .finally(() => {
        looking = false;
      });
  }, lookMilliseconds);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}
