import { builder } from '../builder.ts';
import { recentWebhookEvents, type WebhookEvent } from './store.ts';

const WebhookEventStateEnum = builder.enumType('WebhookEventState', {
  values: {
    RECEIVED: { value: 'received' },
    PROCESSED: { value: 'processed' },
    IGNORED: { value: 'ignored', description: 'Not about a charge of a customer.' },
    FAILED: { value: 'failed', description: 'Tried again, at the latest tomorrow.' },
  },
} as const);

const WebhookEventRef = builder.objectRef<WebhookEvent>('WebhookEvent').implement({
  description: 'What a payment provider told.',
  fields: (t) => ({
    providerId: t.exposeID('providerId'),
    eventId: t.exposeID('eventId'),
    type: t.exposeString('type'),
    chargeId: t.exposeString('chargeId', { nullable: true }),
    receivedAt: t.expose('receivedAt', { type: 'DateTime' }),
    state: t.field({ type: WebhookEventStateEnum, resolve: ({ state }) => state }),
    problem: t.exposeString('problem', { nullable: true }),
  }),
});

builder.queryField('webhookEvents', (t) =>
  t.field({
    type: [WebhookEventRef],
    description: 'Newest first, at most 100.',
    authScopes: { scope: 'billing:read' },
    resolve: (_root, _args, { services }) => recentWebhookEvents(services.database, 100),
  }),
);
