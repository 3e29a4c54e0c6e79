import type { PlatformDatabase } from '@dotmac/migrations';
import { appendEvents, type EventWithCursor, newId } from '@dotmac/platform';
import { ConflictError, NotFoundError, type PlatformEvents } from '@dotmac/schema';
import type { Kysely } from 'kysely';
import { builder } from '../builder.ts';
import { tenantLoaders } from '../tenant/loaders.ts';
import { allTenants, type Tenant, updateTenant } from '../tenant/store.ts';
import { TenantRef, TenantStateEnum } from '../tenant/type.ts';
import { insertJob } from './store.ts';
import { ProgressEnum, ProvisioningJobRef, ProvisioningStepRef } from './type.ts';

ProvisioningJobRef.implement({
  fields: (t) => ({
    id: t.exposeID('id'),
    state: t.expose('state', { type: ProgressEnum }),
    attempts: t.exposeInt('attempts'),
    startedAt: t.expose('startedAt', { type: 'DateTime' }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true }),
    failure: t.exposeString('failure', { nullable: true }),
    steps: t.field({
      type: [ProvisioningStepRef],
      resolve: async ({ id }, _args, { loaders }) => [...(await loaders.stepsOfJob.load(id))],
    }),
  }),
});

ProvisioningStepRef.implement({
  description: 'A line of the receipt.',
  fields: (t) => ({
    name: t.exposeString('name'),
    state: t.expose('state', { type: ProgressEnum }),
    startedAt: t.expose('startedAt', { type: 'DateTime' }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true }),
    detail: t.exposeString('detail'),
  }),
});

const eventTypes = ['tenant.requested', 'tenant.step.progressed', 'tenant.state.changed'] as const;
type ProvisioningEvent = Extract<EventWithCursor<PlatformEvents>, { type: (typeof eventTypes)[number] }>;

const ProvisioningEventRef = builder.objectRef<ProvisioningEvent>('ProvisioningEvent').implement({
  description: 'A tenant was requested, a step went on, or its state changed.',
  fields: (t) => ({
    cursor: t.expose('cursor', { type: 'Cursor' }),
    occurredAt: t.expose('occurredAt', { type: 'DateTime' }),
    snapshot: t.expose('snapshot', {
      type: 'SnapshotPlace',
      nullable: true,
      description: 'Set on what stood when the stream began with `initial`; null for what happens.',
    }),
    tenant: t.field({
      type: TenantRef,
      resolve: async ({ payload }, _args, { loaders }) =>
        (await loaders.tenant.load(payload.tenantId)) as Tenant,
    }),
    step: t.string({ nullable: true, resolve: ({ payload }) => ('step' in payload ? payload.step : null) }),
    stepState: t.field({
      type: ProgressEnum,
      nullable: true,
      resolve: ({ payload }) => ('step' in payload ? payload.state : null),
    }),
    tenantState: t.field({
      type: TenantStateEnum,
      nullable: true,
      resolve: ({ payload }) => ('to' in payload ? (payload.to as Tenant['state']) : null),
    }),
    detail: t.string({ resolve: ({ payload }) => ('detail' in payload ? payload.detail : '') }),
  }),
});

function asInState({ id, slug, state, createdAt }: Tenant) {
  return {
    type: 'tenant.state.changed',
    subject: id,
    payload: { tenantId: id, slug, from: state, to: state },
    occurredAt: createdAt.getTime(),
    actor: 'system:snapshot',
  } as const;
}

builder.subscriptionField('provisioningEvents', (t) =>
  t.field({
    type: ProvisioningEventRef,
    args: {
      after: t.arg({ type: 'Cursor', description: 'Go on after this event; from now on without it.' }),
      initial: t.arg.boolean({ description: 'Begin with every tenant and the state it is in.' }),
    },
    authScopes: { scope: 'platform:read' },
    subscribe: (_root, { after, initial }, { services }) =>
      services.events.subscribe({
        after,
        types: eventTypes,
        initial: {
          wanted: initial === true,
          read: async (transaction: Kysely<PlatformDatabase>) =>
            (await allTenants(transaction)).map(asInState),
        },
      }),
    resolve: (event, _args, context) => {
      // A stream outlives what its loaders remember: every event looks at the world anew.
      Object.assign(context, { loaders: tenantLoaders(context.services.database) });
      return event as ProvisioningEvent;
    },
  }),
);

const RetryProvisioningInput = builder.inputType('RetryProvisioningInput', {
  fields: (t) => ({ tenantId: t.id({ required: true }), clientMutationId: t.string() }),
});

builder.mutationField('retryProvisioning', (t) =>
  t.field({
    type: TenantRef,
    description: 'Tries again where a failed provisioning stopped.',
    authScopes: { scope: 'platform:write' },
    errors: { types: [NotFoundError, ConflictError] },
    args: { input: t.arg({ type: RetryProvisioningInput, required: true }) },
    resolve: async (_root, { input: { tenantId } }, { services, loaders, principal }) => {
      const tenant = await loaders.tenant.load(tenantId);
      if (tenant === null) throw new NotFoundError('Tenant', tenantId);
      if (tenant.state !== 'FAILED')
        throw new ConflictError(
          'NOT_FAILED',
          `The tenant is ${tenant.state}; only a FAILED one can be retried`,
        );
      const now = services.clock.now();
      return services.database.transaction().execute(async (transaction) => {
        await insertJob(transaction, {
          id: newId('prv', services.clock),
          tenantId,
          startedAt: new Date(now),
        });
        const payload = { tenantId, slug: tenant.slug, from: tenant.state, to: 'PROVISIONING' };
        await appendEvents<PlatformEvents>(transaction, [
          { type: 'tenant.state.changed', subject: tenantId, payload, occurredAt: now, actor: principal.id },
        ]);
        return updateTenant(transaction, tenantId, { state: 'PROVISIONING' });
      });
    },
  }),
);
