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
import { type FollowUp, finishFollowUp, followUpById, insertFollowUp, openFollowUps } from './store.ts';

const FollowUpRef = builder.objectRef<FollowUp>('FollowUp').implement({
  description: 'What somebody promised to do for a customer, and by when. Of the bundle ADVANCED_CRM.',
  fields: (t) => ({
    id: t.exposeID('id'),
    customer: t.field({
      type: CustomerRef,
      resolve: async ({ customerId }, _args, { loaders }) =>
        (await loaders.customer.load(customerId)) as Customer,
    }),
    what: t.exposeString('what'),
    dueOn: t.expose('dueOn', { type: 'LocalDate' }),
    createdBy: t.exposeString('createdBy'),
    doneBy: t.exposeString('doneBy', { nullable: true }),
    doneAt: t.expose('doneAt', { type: 'DateTime', nullable: true }),
    outcome: t.exposeString('outcome', { nullable: true }),
  }),
});

builder.queryField('followUps', (t) =>
  t.field({
    type: [FollowUpRef],
    description: 'What is to be done by a day, the most urgent first, 500 at most. Needs ADVANCED_CRM.',
    authScopes: { scope: 'customers:read' },
    args: { dueBy: t.arg({ type: 'LocalDate', required: true }), customerId: t.arg.id() },
    resolve: (_root, { dueBy, customerId }, { services, principal }) => {
      requireBundle(principal, 'ADVANCED_CRM');
      return openFollowUps(services.database, dueBy, customerId ?? null);
    },
  }),
);

const AddInput = builder.inputType('AddFollowUpInput', {
  fields: (t) => ({
    customerId: t.id({ required: true }),
    what: t.string({ required: true }),
    dueOn: t.field({ type: 'LocalDate', required: true }),
    clientMutationId: t.string(),
  }),
});
const CompleteInput = builder.inputType('CompleteFollowUpInput', {
  fields: (t) => ({ id: t.id({ required: true }), outcome: t.string(), clientMutationId: t.string() }),
});

builder.mutationFields((t) => ({
  addFollowUp: t.field({
    type: FollowUpRef,
    description: 'Needs ADVANCED_CRM.',
    authScopes: { scope: 'customers:write' },
    errors: { types: [BundleRequiredError, ValidationError, NotFoundError] },
    args: { input: t.arg({ type: AddInput, required: true }) },
    resolve: async (_root, { input }, { services, principal, loaders }) => {
      requireBundle(principal, 'ADVANCED_CRM');
      const what = input.what.trim();
      if (what === '' || what.length > 1000)
        throw new ValidationError('input.what', 'Say what is to be done, in 1 to 1000 characters');
      const { customerId, dueOn } = input;
      if ((await loaders.customer.load(customerId)) === null) throw new NotFoundError('Customer', customerId);
      return insertFollowUp(services.database, {
        id: newId('fup', services.clock),
        customerId,
        what,
        dueOn,
        createdBy: principal.id,
        createdAt: new Date(services.clock.now()),
        doneBy: null,
        doneAt: null,
        outcome: null,
      });
    },
  }),
  completeFollowUp: t.field({
    type: FollowUpRef,
    description: 'Needs ADVANCED_CRM.',
    authScopes: { scope: 'customers:write' },
    errors: { types: [BundleRequiredError, ValidationError, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: CompleteInput, required: true }) },
    resolve: async (_root, { input }, { services, principal }) => {
      requireBundle(principal, 'ADVANCED_CRM');
      const outcome = input.outcome?.trim() || null;
      if (outcome !== null && outcome.length > 1000)
        throw new ValidationError('input.outcome', 'An outcome has at most 1000 characters');
      const doneAt = new Date(services.clock.now());
      const done = await finishFollowUp(services.database, input.id, {
        doneBy: principal.id,
        doneAt,
        outcome,
      });
      if (done !== undefined) return done;
      if ((await followUpById(services.database, input.id)) === undefined)
        throw new NotFoundError('FollowUp', input.id);
      throw new ConflictError('DONE', 'It is done already');
    },
  }),
}));
