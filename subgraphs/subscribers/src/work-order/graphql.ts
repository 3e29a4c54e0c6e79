import { newId } from '@dotmac/platform';
import {
  BundleRequiredError,
  ConflictError,
  NotFoundError,
  requireBundle,
  ValidationError,
} from '@dotmac/schema';
import { builder } from '../builder.ts';
import type { Customer } from '../customer/store.ts';
import { CustomerRef } from '../customer/type.ts';
import { missingFor, nextStates, workOrderStates } from './rules.ts';
import {
  insertWorkOrder,
  lockedWorkOrder,
  openWorkOrders,
  updateWorkOrder,
  type WorkOrder,
} from './store.ts';

const StateEnum = builder.enumType('WorkOrderState', { values: workOrderStates });
const WorkOrderRef = builder.objectRef<WorkOrder>('WorkOrder').implement({
  description: 'A visit to a customer. Of the bundle FIELD_OPERATIONS.',
  fields: (t) => ({
    id: t.exposeID('id'),
    customer: t.field({
      type: CustomerRef,
      resolve: async ({ customerId }, _args, { loaders }) =>
        (await loaders.customer.load(customerId)) as Customer,
    }),
    what: t.exposeString('what'),
    state: t.expose('state', { type: StateEnum }),
    next: t.field({
      type: [StateEnum],
      description: 'What it may become.',
      resolve: ({ state }) => [...nextStates(state)],
    }),
    plannedOn: t.expose('plannedOn', { type: 'LocalDate', nullable: true }),
    technician: t.exposeString('technician', { nullable: true }),
    report: t.exposeString('report', { nullable: true }),
    changedAt: t.expose('changedAt', { type: 'DateTime' }),
  }),
});

builder.queryField('workOrders', (t) =>
  t.field({
    type: [WorkOrderRef],
    description:
      'Those that have not ended, the earliest planned first, 500 at most. Needs FIELD_OPERATIONS.',
    authScopes: { scope: 'customers:read' },
    args: { technician: t.arg.string() },
    resolve: (_root, { technician }, { services, principal }) => {
      requireBundle(principal, 'FIELD_OPERATIONS');
      return openWorkOrders(services.database, technician ?? null);
    },
  }),
);

const CreateInput = builder.inputType('CreateWorkOrderInput', {
  fields: (t) => ({
    customerId: t.id({ required: true }),
    what: t.string({ required: true }),
    plannedOn: t.field({ type: 'LocalDate' }),
    clientMutationId: t.string(),
  }),
});
const MoveInput = builder.inputType('MoveWorkOrderInput', {
  fields: (t) => ({
    id: t.id({ required: true }),
    state: t.field({ type: StateEnum, required: true }),
    technician: t.string({ description: 'Who goes; stays as it is when left out.' }),
    plannedOn: t.field({ type: 'LocalDate' }),
    report: t.string({ description: 'What was found and done; needed where it ends.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationFields((t) => ({
  createWorkOrder: t.field({
    type: WorkOrderRef,
    description: 'Needs FIELD_OPERATIONS.',
    authScopes: { scope: 'customers:write' },
    errors: { types: [BundleRequiredError, ValidationError, NotFoundError] },
    args: { input: t.arg({ type: CreateInput, required: true }) },
    resolve: async (_root, { input }, { services, principal, loaders }) => {
      requireBundle(principal, 'FIELD_OPERATIONS');
      const what = input.what.trim();
      if (what === '' || what.length > 1000)
        throw new ValidationError('input.what', 'Say what is to be done, in 1 to 1000 characters');
      const { customerId, plannedOn } = input;
      if ((await loaders.customer.load(customerId)) === null) throw new NotFoundError('Customer', customerId);
      const now = new Date(services.clock.now());
      return insertWorkOrder(services.database, {
        id: newId('wko', services.clock),
        customerId,
        what,
        state: 'PENDING',
        plannedOn: plannedOn ?? null,
        technician: null,
        report: null,
        createdBy: principal.id,
        createdAt: now,
        changedAt: now,
      });
    },
  }),
  moveWorkOrder: t.field({
    type: WorkOrderRef,
    description: 'To a state that may follow. Needs FIELD_OPERATIONS.',
    authScopes: { scope: 'customers:write' },
    errors: { types: [BundleRequiredError, ValidationError, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: MoveInput, required: true }) },
    resolve: (_root, { input }, { services, principal }) => {
      requireBundle(principal, 'FIELD_OPERATIONS');
      const { id, state } = input;
      return services.database.transaction().execute(async (transaction) => {
        const order = await lockedWorkOrder(transaction, id);
        if (order === undefined) throw new NotFoundError('WorkOrder', id);
        if (!nextStates(order.state).includes(state))
          throw new ConflictError(
            'STATE',
            `${order.state} becomes ${nextStates(order.state).join(', ') || 'nothing any more'}, not ${state}`,
          );
        const technician = input.technician?.trim() || order.technician;
        const report = input.report?.trim() || order.report;
        if (report !== null && report.length > 4000)
          throw new ValidationError('input.report', 'A report has at most 4000 characters');
        const missing = missingFor(state, { technician, report });
        if (missing !== undefined) throw new ValidationError(`input.${missing}`, `${state} needs it`);
        const plannedOn = input.plannedOn ?? order.plannedOn;
        const changedAt = new Date(services.clock.now());
        return updateWorkOrder(transaction, id, { state, technician, report, plannedOn, changedAt });
      });
    },
  }),
}));
