import { appendEvents, localDateAt, newId } from '@dotmac/platform';
import { ConflictError, NotFoundError, type TenantEvents, ValidationError } from '@dotmac/schema';
import { builder, type SubscribersContext } from '../builder.ts';
import type { Customer } from '../customer/store.ts';
import { CustomerRef } from '../customer/type.ts';
import { cancelService } from './cancel.ts';
import { changeLock } from './locks.ts';
import { checkLive, checkManualLock, normaliseUsername, stateOf } from './rules.ts';
import { insertService, lockedBillingLock, lockedService, type Service, updateService } from './store.ts';
import { LockReasonEnum, PlanRef, ServiceLockRef, ServiceRef, ServiceStateEnum } from './type.ts';

ServiceRef.implement({
  description: 'A contract of a customer for one access line on a plan.',
  authScopes: (service, { principal }) =>
    principal.customerId === service.customerId || { scope: 'customers:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    customer: t.field({
      type: CustomerRef,
      resolve: async (service, _args, { loaders }) =>
        (await loaders.customer.load(service.customerId)) as Customer,
    }),
    plan: t.field({ type: PlanRef, resolve: ({ planId }) => ({ id: planId }) }),
    state: t.field({
      type: ServiceStateEnum,
      resolve: async (service, _args, { loaders }) =>
        stateOf(service.state, await loaders.locksOfService.load(service.id)),
    }),
    locks: t.field({
      type: [ServiceLockRef],
      description:
        'Why the service is closed to its customer, or slowed down; open at its full speed when empty.',
      resolve: async (service, _args, { loaders }) => [...(await loaders.locksOfService.load(service.id))],
    }),
    orderedAt: t.expose('orderedAt', { type: 'DateTime' }),
    activatedOn: t.expose('activatedOn', { type: 'LocalDate', nullable: true }),
    cancelledOn: t.expose('cancelledOn', { type: 'LocalDate', nullable: true }),
  }),
});

ServiceLockRef.implement({
  fields: (t) => ({
    reason: t.expose('reason', { type: LockReasonEnum }),
    because: t.exposeString('because'),
    closes: t.boolean({
      description: 'Whether the service is closed; if not, it is open, and slower.',
      resolve: ({ slowTo }) => slowTo === null,
    }),
    downstreamAtMost: t.field({
      type: 'BitsPerSecond',
      nullable: true,
      resolve: ({ slowTo }) => (slowTo === null ? null : BigInt(slowTo.downstream.bitsPerSecond)),
    }),
    upstreamAtMost: t.field({
      type: 'BitsPerSecond',
      nullable: true,
      resolve: ({ slowTo }) => (slowTo === null ? null : BigInt(slowTo.upstream.bitsPerSecond)),
    }),
    lockedAt: t.expose('lockedAt', { type: 'DateTime' }),
  }),
});

builder.asEntity(ServiceRef, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: async ({ id }, { loaders }) => (await loaders.service.load(id)) as Service,
});

builder.queryField('service', (t) =>
  t.field({
    type: ServiceRef,
    nullable: true,
    args: { id: t.arg.id({ required: true }) },
    // The type itself lets a subscriber see his own.
    authScopes: { signedIn: true },
    resolve: (_root, { id }, { loaders }) => loaders.service.load(id),
  }),
);

const OrderServiceInput = builder.inputType('OrderServiceInput', {
  fields: (t) => ({
    customerId: t.id({ required: true }),
    planId: t.id({ required: true }),
    username: t.string({ description: 'Login name for PPPoE; made from the customer number when left out.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('orderService', (t) =>
  t.field({
    type: ServiceRef,
    description:
      'Network then prepares credentials and an address; the service becomes active when they are confirmed. It begins closed, or slow, while billing keeps the others of its customer so.',
    authScopes: { scope: 'customers:write' },
    errors: { types: [ValidationError, NotFoundError] },
    args: { input: t.arg({ type: OrderServiceInput, required: true }) },
    resolve: async (_root, { input }, { services, loaders, principal, traceId }) => {
      const { customerId, planId } = input;
      const username = normaliseUsername(input.username);
      if ((await loaders.customer.load(customerId)) === null) throw new NotFoundError('Customer', customerId);
      const now = services.clock.now();
      const id = newId('svc', services.clock);
      return services.database.transaction().execute(async (transaction) => {
        const unpaid = await lockedBillingLock(transaction, customerId);
        const service = await insertService(transaction, {
          id,
          customerId,
          planId,
          orderedAt: new Date(now),
        });
        await appendEvents<TenantEvents>(transaction, [
          {
            type: 'service.ordered',
            subject: id,
            payload: { serviceId: id, customerId, planId, username },
            occurredAt: now,
            actor: principal.id,
            traceId,
          },
        ]);
        if (unpaid !== null)
          await changeLock(transaction, service, {
            reason: 'BILLING',
            locked: true,
            ...(unpaid.slowTo === null ? {} : { slowTo: unpaid.slowTo }),
            because: unpaid.because,
            actor: unpaid.lockedBy,
            at: now,
            traceId,
          });
        return service;
      });
    },
  }),
);

const LockServiceInput = builder.inputType('LockServiceInput', {
  fields: (t) => ({
    serviceId: t.id({ required: true }),
    reason: t.field({ type: LockReasonEnum, required: true }),
    because: t.string({ required: true, description: 'Shown to the NOC and kept.' }),
    clientMutationId: t.string(),
  }),
});

for (const locked of [true, false]) {
  builder.mutationField(locked ? 'lockService' : 'unlockService', (t) =>
    t.field({
      type: ServiceRef,
      authScopes: { scope: 'customers:write' },
      errors: { types: [ValidationError, NotFoundError, ConflictError] },
      args: { input: t.arg({ type: LockServiceInput, required: true }) },
      resolve: (_root, { input }, context) => {
        checkManualLock(input.reason);
        return changeService(context, input.serviceId, async (transaction, service, now) => {
          const { reason, because } = input;
          const { principal, traceId } = context;
          await changeLock(transaction, service, {
            reason,
            locked,
            because,
            actor: principal.id,
            at: now,
            traceId,
          });
          return service;
        });
      },
    }),
  );
}

const ChangePlanInput = builder.inputType('ChangePlanInput', {
  fields: (t) => ({
    serviceId: t.id({ required: true }),
    planId: t.id({ required: true }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('changePlan', (t) =>
  t.field({
    type: ServiceRef,
    description:
      'The day of the change belongs to the new plan. Live sessions get the new speed without a drop where the device can.',
    authScopes: { scope: 'customers:write' },
    errors: { types: [NotFoundError, ConflictError] },
    args: { input: t.arg({ type: ChangePlanInput, required: true }) },
    resolve: (_root, { input }, context) =>
      changeService(context, input.serviceId, async (transaction, service, now) => {
        if (service.planId === input.planId) return service;
        const on = localDateAt(now, context.services.tenant?.timeZone ?? 'UTC');
        const { id, customerId, planId: fromPlanId } = service;
        await appendEvents<TenantEvents>(transaction, [
          {
            type: 'service.plan.changed',
            subject: id,
            payload: { serviceId: id, customerId, fromPlanId, planId: input.planId, on },
            occurredAt: now,
            actor: context.principal.id,
            traceId: context.traceId,
          },
        ]);
        return updateService(transaction, id, { planId: input.planId });
      }),
  }),
);

const CancelServiceInput = builder.inputType('CancelServiceInput', {
  fields: (t) => ({ serviceId: t.id({ required: true }), clientMutationId: t.string() }),
});

builder.mutationField('cancelService', (t) =>
  t.field({
    type: ServiceRef,
    description: 'Ends the service today; today is not billed.',
    authScopes: { scope: 'customers:write' },
    errors: { types: [NotFoundError, ConflictError] },
    args: { input: t.arg({ type: CancelServiceInput, required: true }) },
    resolve: (_root, { input }, context) =>
      changeService(context, input.serviceId, async (transaction, service, now) => {
        const on = localDateAt(now, context.services.tenant?.timeZone ?? 'UTC');
        const { principal, traceId } = context;
        return cancelService(transaction, service, on, { occurredAt: now, actor: principal.id, traceId });
      }),
  }),
);

/** Runs a change with the service locked, so that changes and their events have one order. */
function changeService(
  { services }: SubscribersContext,
  id: string,
  change: (
    transaction: Parameters<typeof lockedService>[0],
    service: Service,
    now: number,
  ) => Promise<Service>,
): Promise<Service> {
  return services.database.transaction().execute(async (transaction) => {
    const service = await lockedService(transaction, id);
    if (service === null) throw new NotFoundError('Service', id);
    checkLive(service.state);
    return change(transaction, service, services.clock.now());
  });
}
