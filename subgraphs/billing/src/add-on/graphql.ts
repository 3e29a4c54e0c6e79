import { ConflictError, NotFoundError, ValidationError } from '@dotmac/schema';
import { expectCharge, lockedAccount } from '../account/store.ts';
import { actOf } from '../act.ts';
import { type BillingContext, builder } from '../builder.ts';
import { effectiveVersionId, type Plan, plansById } from '../catalogue/store.ts';
import { PlanRef } from '../catalogue/type.ts';
import { appendServiceEvent, customerOfLine, isRunning } from '../service-line/store.ts';
import { ServiceRef } from '../service-line/type.ts';
import { type AddOn, addOnLineId } from './store.ts';

const AddOnRef = builder.objectRef<AddOn>('ServiceAddOn').implement({
  description: 'Something that is sold beside a service, and ends with it.',
  fields: (t) => ({
    plan: t.field({
      type: PlanRef,
      resolve: async ({ planId }, _args, { loaders }) => (await loaders.plan.load(planId)) as Plan,
    }),
    since: t.expose('since', { type: 'LocalDate' }),
  }),
});

builder.objectField(ServiceRef, 'addOns', (t) =>
  t.field({
    type: [AddOnRef],
    authScopes: { signedIn: true },
    resolve: async ({ id }, _args, { loaders, principal }) =>
      (await loaders.addOnsOfService.load(id)).filter(
        (one) => principal.customerId === one.customerId || principal.scopes.includes('billing:read'),
      ),
  }),
);

const AddOnInput = builder.inputType('ServiceAddOnInput', {
  fields: (t) => ({
    serviceId: t.id({ required: true }),
    planId: t.id({ required: true, description: 'A plan of the kind ADD_ON.' }),
    clientMutationId: t.string(),
  }),
});

for (const type of ['start', 'cancel'] as const) {
  builder.mutationField(type === 'start' ? 'startAddOn' : 'endAddOn', (t) =>
    t.field({
      type: ServiceRef,
      description:
        type === 'start'
          ? 'From today on, in the periods of the account; a part of one is prorated.'
          : 'Today is not billed any more; what was billed ahead is credited.',
      authScopes: { scope: 'billing:write' },
      errors: { types: [ValidationError, NotFoundError, ConflictError] },
      args: { input: t.arg({ type: AddOnInput, required: true }) },
      resolve: (_root, { input }, context) => changeAddOn(type, input, context),
    }),
  );
}

function changeAddOn(
  type: 'start' | 'cancel',
  { serviceId, planId }: typeof AddOnInput.$inferInput,
  context: BillingContext,
): Promise<{ id: string }> {
  return context.services.database.transaction().execute(async (transaction) => {
    const { today } = actOf(context);
    const customerId = await customerOfLine(transaction, serviceId);
    const account = customerId === null ? null : await lockedAccount(transaction, customerId);
    if (customerId === null || account === null) throw new NotFoundError('Service', serviceId);
    const [plan] = await plansById(transaction, [planId]);
    if (plan?.kind !== 'ADD_ON') throw new ValidationError('input.planId', 'This is not an add-on');
    if (type === 'start' && !(await isRunning(transaction, serviceId)))
      throw new ConflictError('SERVICE_ENDED', 'An add-on stands beside a service that runs');
    const serviceLineId = addOnLineId(serviceId, planId);
    const runs = await isRunning(transaction, serviceLineId);
    if (runs === (type === 'start'))
      throw new ConflictError('ADD_ON_STATE', runs ? 'The add-on runs already' : 'The add-on does not run');
    await appendServiceEvent(transaction, {
      serviceLineId,
      customerId,
      type,
      effectiveOn: today,
      planId: type === 'start' ? planId : null,
      planVersionId: type === 'start' ? await effectiveVersionId(transaction, planId, today) : null,
      sourcePosition: null,
    });
    await expectCharge(transaction, customerId, today);
    return { id: serviceId };
  });
}
