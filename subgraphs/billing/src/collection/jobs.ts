import type { TenantDatabase } from '@dotmac/migrations';
import type { DailyWork, JobHandler } from '@dotmac/platform';
import type { BillingServices } from '../builder.ts';
import { ProviderUnavailable } from '../provider/port.ts';
import type { Providers } from '../provider/providers.ts';
import { askForRefund, refundQueue } from '../refund/refund.ts';
import { openRefunds } from '../refund/store.ts';
import type { Act } from '../run/issue.ts';
import { processWebhook } from '../webhook/receive.ts';
import { openWebhookEvents } from '../webhook/store.ts';
import { collectingAct } from './act.ts';
import { askForCharge } from './ask.ts';
import { beginDueAttempts } from './begin.ts';
import { settleCharge } from './reconcile.ts';
import { type AttemptKey, attempt, openAttempts } from './store.ts';

export const chargeQueue = 'billing.charge';
/** With growing pauses this is about four hours; after that the daily work asks. */
const tries = 12;
const concurrency = 4;

/** Asks again for what had no answer. */
export function chargeJob(services: BillingServices, providers: Providers): JobHandler<AttemptKey> {
  return {
    queue: chargeQueue,
    tries,
    concurrency,
    run: (key) => bringForward(services, providers, key, collectingAct(services)),
  };
}

export function refundJob(services: BillingServices, providers: Providers): JobHandler<{ id: string }> {
  return {
    queue: refundQueue,
    tries,
    concurrency,
    run: ({ id }) => askForRefund(services, providers, id, collectingAct(services)),
  };
}

/** Asks the provider for the charge, or what became of it. @throws ProviderUnavailable */
async function bringForward(
  services: BillingServices,
  providers: Providers,
  key: AttemptKey,
  act: Act,
): Promise<void> {
  const row = await attempt(services.database, key);
  if (row === null) return;
  if (row.state !== 'pending') return askForCharge(services, providers, key, act);
  const provider = await providers.byId(row.providerId);
  const charge = row.chargeId === null ? null : await provider?.fetch(row.chargeId);
  if (charge != null) await settleCharge(services, row.providerId, charge, act);
}

/**
 * Once a day: charges what is due from those who pay by themselves, and asks what became of everything whose outcome
 * is still unknown, because a webhook can be lost.
 */
export function dailyCollection(services: BillingServices, providers: Providers): DailyWork<TenantDatabase> {
  return {
    name: 'billing.collection',
    async run(localDate) {
      const act: Act = { ...collectingAct(services), today: localDate };
      await beginDueAttempts(services, act);
      const attempts = await openAttempts(services.database);
      await eachOf(attempts, async ({ documentId, ordinal, providerId }) => {
        const key = { documentId, ordinal };
        const done = await orLater(services, providerId, () => bringForward(services, providers, key, act));
        if (!done) await services.jobs.enqueue(services.database as never, chargeQueue, key);
      });
      await eachOf(await openRefunds(services.database), async ({ id, providerId }) => {
        await orLater(services, providerId, () => askForRefund(services, providers, id, act));
      });
      await eachOf(await openWebhookEvents(services.database), async (event) => {
        await orLater(services, event.providerId, () => processWebhook(services, providers, event, act));
      });
    },
  };
}

/** One that fails must not keep the others from being asked for. @returns whether it worked. */
async function orLater(
  { logger }: BillingServices,
  providerId: string,
  work: () => Promise<void>,
): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof ProviderUnavailable)
      logger.warn({ error, providerId }, 'a payment provider is away');
    else logger.error({ error, providerId }, 'what a payment provider was asked for could not be settled');
    return false;
  }
}

/** A few at a time. */
async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      for (const item of queue) await work(item);
    }),
  );
}
