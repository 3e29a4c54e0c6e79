import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents, type Clock } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import type { NetworkServices } from '../builder.ts';
import { heardOf, rotationRuns } from './rotation.ts';
import { endedRotations, lockedNas } from './rotation-store.ts';
import { type Nas, updateNas } from './store.ts';
import type { NasWatch } from './watch.ts';

const lookMilliseconds = 30_000;

/** Forgets the secret before, with the event that tells of it. */
export async function endRotation(
  transaction: Transaction<TenantDatabase>,
  nas: Nas,
  watch: NasWatch,
  by: { readonly occurredAt: number; readonly actor: string; readonly traceId?: string },
): Promise<Nas> {
  const { id, name } = nas;
  const { previousAt } = heardOf(nas, watch.health(id).secrets);
  const after = await updateNas(transaction, id, { previousSecret: null, previousSecretUntil: null });
  await appendEvents<TenantEvents>(transaction, [
    {
      ...by,
      type: 'nas.secret.rotation.ended',
      subject: id,
      payload: {
        nasId: id,
        name,
        lastHeardAt: previousAt === null ? null : new Date(previousAt).toISOString(),
      },
    },
  ]);
  return after ?? nas;
}

/** Forgets the secrets whose time is over; they are not accepted since then. @returns how many. */
export async function endRotationsOnce(
  { database, clock }: NetworkServices,
  watch: NasWatch,
  sessionClock: Clock,
): Promise<number> {
  const now = sessionClock.now();
  const due = await endedRotations(database, new Date(now));
  for (const id of due)
    await database.transaction().execute(async (transaction) => {
      const nas = await lockedNas(transaction, id);
      // Another secret may have come meanwhile.
      if (nas === null || nas.previousSecret === null || rotationRuns(nas, now)) return;
      await endRotation(transaction, nas, watch, { occurredAt: clock.now(), actor: 'system:network' });
    });
  return due.length;
}

/** Looks every half minute until the signal aborts. */
export function endRotations(
  services: NetworkServices,
  watch: NasWatch,
  sessionClock: Clock,
  signal: AbortSignal,
): void {
  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    endRotationsOnce(services, watch, sessionClock)
      .catch((error: unknown) => {
        if (!signal.aborted)
          services.logger.warn({ error }, 'secrets of before are kept until the next look');
      })
      .finally(() => {
        looking = false;
      });
  }, lookMilliseconds);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}
