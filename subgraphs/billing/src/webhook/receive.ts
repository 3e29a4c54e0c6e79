import type { JobHandler, WebhookDoor } from '@dotmac/platform';
import type { BillingServices } from '../builder.ts';
import { collectingAct } from '../collection/act.ts';
import { settleCharge } from '../collection/reconcile.ts';
import { type ProviderEvent, WebhookRefused } from '../provider/port.ts';
import type { Providers } from '../provider/providers.ts';
import type { Act } from '../run/issue.ts';
import { insertWebhookEvent, updateWebhookEvent, type WebhookKey, webhookEvent } from './store.ts';

const webhookQueue = 'billing.webhook';

/**
 * Where providers tell what happened, by the provider's id. A message is verified, stored under its unique id, and
 * answered; only then it is dealt with.
 */
export function webhookDoor(services: BillingServices, providers: Providers): WebhookDoor {
  const { database, clock, jobs, logger } = services;
  return {
    async receive(providerId, body, headers) {
      const provider = await providers.byId(providerId);
      if (provider === null) return 'UNKNOWN';
      let event: ProviderEvent;
      try {
        event = provider.parseWebhook(body, headers);
      } catch (error) {
        if (!(error instanceof WebhookRefused)) throw error;
        logger.warn({ error, providerId }, 'a message to a webhook is not from its provider');
        return 'REFUSED';
      }
      const key = { providerId, eventId: event.id };
      await database.transaction().execute(async (transaction) => {
        const isNew = await insertWebhookEvent(transaction, {
          ...key,
          type: event.type,
          chargeId: event.chargeId,
          body: Buffer.from(body).toString(),
          receivedAt: new Date(clock.now()),
          state: 'received',
          problem: null,
        });
        if (isNew) await jobs.enqueue(transaction as never, webhookQueue, key);
      });
      return 'ACCEPTED';
    },
  };
}

export function webhookJob(services: BillingServices, providers: Providers): JobHandler<WebhookKey> {
  return {
    queue: webhookQueue,
    tries: 8,
    concurrency: 4,
    run: (key) => processWebhook(services, providers, key, collectingAct(services)),
  };
}

/**
 * Asks the provider what is true now and brings the books to it: the message itself is only the reason to ask, so
 * that old news cannot undo newer news.
 */
export async function processWebhook(
  services: BillingServices,
  providers: Providers,
  key: WebhookKey,
  act: Act,
): Promise<void> {
  const { database } = services;
  const event = await webhookEvent(database, key);
  if (event === null || event.state === 'processed' || event.state === 'ignored') return;
  try {
    const provider = await providers.byId(event.providerId);
    const charge = event.chargeId === null ? null : await provider?.fetch(event.chargeId);
    const customerId = charge == null ? null : await settleCharge(services, event.providerId, charge, act);
    await updateWebhookEvent(database, key, {
      state: customerId === null ? 'ignored' : 'processed',
      problem: null,
    });
  } catch (error) {
    await updateWebhookEvent(database, key, { state: 'failed', problem: String(error) });
    throw error;
  }
}
