import { ConflictError, ForbiddenError, NotFoundError, ValidationError } from '@dotmac/schema';
import { accountsById } from '../account/store.ts';
import { AccountRef, CustomerRef } from '../account/type.ts';
import { actOf } from '../act.ts';
import { type BillingContext, builder } from '../builder.ts';
import { addMethod, chooseAutopay, removeMethod } from './method.ts';
import {
  methodsById,
  openCredentials,
  type ProviderRow,
  providerById,
  providers,
  saveProvider,
} from './store.ts';
import { PaymentMethodRef } from './type.ts';

const ProviderKindEnum = builder.enumType('PaymentProviderKind', {
  values: {
    STRIPE: { value: 'stripe' },
    SANDBOX: { value: 'sandbox', description: 'For demos: no money moves.' },
  },
} as const);

const PaymentProviderRef = builder.objectRef<ProviderRow>('PaymentProvider').implement({
  description: 'A company that takes money from customers. Its secrets are sealed and never shown.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Also the method of its payments.' }),
    kind: t.field({ type: ProviderKindEnum, resolve: ({ kind }) => kind }),
    enabled: t.exposeBoolean('enabled', { description: 'Whether it is asked for new charges.' }),
    webhookPath: t.string({
      description: 'Where it posts its events, on the gateway.',
      resolve: ({ id }, _args, { services }) => `/webhooks/${services.tenant?.slug ?? ''}/${id}`,
    }),
  }),
});

PaymentMethodRef.implement({
  description:
    'What a customer pays with: a token of the provider’s. Numbers of cards or accounts are not here.',
  authScopes: ({ customerId }, { principal }) =>
    principal.customerId === customerId || { scope: 'billing:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    providerId: t.exposeID('providerId'),
    type: t.exposeString('type'),
    label: t.exposeString('label', { description: 'Such as visa •••• 4242.' }),
    expiresOn: t.expose('expiresOn', {
      type: 'LocalDate',
      nullable: true,
      description: 'The first day on which it is no longer good.',
    }),
    autopay: t.boolean({
      description: 'Whether it pays what falls due by itself.',
      resolve: async ({ id, customerId }, _args, { loaders }) =>
        (await loaders.account.load(customerId))?.autopayMethodId === id,
    }),
    removedAt: t.expose('removedAt', { type: 'DateTime', nullable: true }),
  }),
});

builder.objectField(CustomerRef, 'paymentMethods', (t) =>
  t.field({
    type: [PaymentMethodRef],
    authScopes: ({ id }, _args, { principal }) => principal.customerId === id || { scope: 'billing:read' },
    resolve: async ({ id }, _args, { loaders }) => [...(await loaders.methodsOfCustomer.load(id))],
  }),
);

builder.queryField('paymentProviders', (t) =>
  t.field({
    type: [PaymentProviderRef],
    authScopes: { scope: 'billing:read' },
    resolve: (_root, _args, { services }) => providers(services.database),
  }),
);

const SetPaymentProviderInput = builder.inputType('SetPaymentProviderInput', {
  fields: (t) => ({
    id: t.id({ required: true, description: 'A word such as stripe; its payments have it as their method.' }),
    kind: t.field({ type: ProviderKindEnum, required: true, description: 'Of an existing one it stays.' }),
    enabled: t.boolean({ required: true }),
    secretKey: t.string({ description: 'Sealed at once, never shown. The known one when left out.' }),
    webhookSecret: t.string({ description: 'With which it signs its events. The known one when left out.' }),
    clientMutationId: t.string(),
  }),
});
const AddPaymentMethodInput = builder.inputType('AddPaymentMethodInput', {
  fields: (t) => ({
    customerId: t.id({ required: true }),
    providerId: t.id({ required: true }),
    token: t.string({ required: true, description: 'What the provider’s own form gave, such as pm_….' }),
    autopay: t.boolean({ defaultValue: false, description: 'Pays what falls due from now on.' }),
    clientMutationId: t.string(),
  }),
});
const RemovePaymentMethodInput = builder.inputType('RemovePaymentMethodInput', {
  fields: (t) => ({ methodId: t.id({ required: true }), clientMutationId: t.string() }),
});
const SetAutopayInput = builder.inputType('SetAutopayInput', {
  fields: (t) => ({
    customerId: t.id({ required: true }),
    methodId: t.id({ description: 'None ends autopay.' }),
    clientMutationId: t.string(),
  }),
});

/** A subscriber acts for himself, everybody else needs the scope. */
export const mayPayFor = (customerId: string | undefined, { principal }: BillingContext): boolean =>
  (principal.customerId !== null && principal.customerId === customerId) ||
  principal.scopes.includes('payments:write');

builder.mutationFields((t) => ({
  setPaymentProvider: t.field({
    type: PaymentProviderRef,
    description:
      'Sets a provider up, or changes it. One that is switched off still tells what became of its charges.',
    authScopes: { scope: 'tenant:write' },
    errors: { types: [ValidationError] },
    args: { input: t.arg({ type: SetPaymentProviderInput, required: true }) },
    resolve: (_root, { input }, context) => {
      const { services } = context;
      const { id, kind, enabled } = input;
      return services.database.transaction().execute(async (transaction) => {
        if (!/^[a-z][a-zA-Z0-9-]{0,39}$/.test(id) || ['cash', 'bankTransfer', 'voucher'].includes(id))
          throw new ValidationError('input.id', 'A provider is named by a word of its own, such as stripe');
        if (kind === 'sandbox' && services.tenant?.demo !== true)
          throw new ValidationError('input.kind', 'The sandbox is for demos only');
        const known = await providerById(transaction, id);
        if (known !== null && known.kind !== kind)
          throw new ValidationError('input.kind', `${id} is ${known.kind}; take another name`);
        const before = known === null ? null : openCredentials(services.secrets, known);
        const secretKey = input.secretKey ?? before?.secretKey ?? '';
        const webhookSecret = input.webhookSecret ?? before?.webhookSecret ?? '';
        if (kind === 'stripe' && !/^(sk|rk)_\S+$/.test(secretKey))
          throw new ValidationError('input.secretKey', 'A secret key of Stripe begins with sk_ or rk_');
        if (webhookSecret.length < 8)
          throw new ValidationError(
            'input.webhookSecret',
            'The secret of the webhook is missing or too short',
          );
        return saveProvider(
          transaction,
          services.secrets,
          { id, kind, enabled, credentials: { secretKey, webhookSecret } },
          new Date(services.clock.now()),
        );
      });
    },
  }),
  addPaymentMethod: t.field({
    type: PaymentMethodRef,
    // A subscriber acts for himself.
    authScopes: (_root, { input }, { principal }) =>
      principal.customerId === input.customerId || { scope: 'payments:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError, ForbiddenError] },
    args: { input: t.arg({ type: AddPaymentMethodInput, required: true }) },
    resolve: (_root, { input }, context) => {
      const { customerId, providerId, token } = input;
      const method = { customerId, providerId, token, autopay: input.autopay ?? false };
      return addMethod(context.services, context.providers, method, actOf(context));
    },
  }),
  removePaymentMethod: t.field({
    type: PaymentMethodRef,
    description: 'Ends autopay with it, too.',
    authScopes: { signedIn: true },
    errors: { types: [NotFoundError] },
    args: { input: t.arg({ type: RemovePaymentMethodInput, required: true }) },
    resolve: async (_root, { input: { methodId } }, context) => {
      const [method] = await methodsById(context.services.database, [methodId]);
      // A stranger learns nothing of what there is.
      if (!mayPayFor(method?.customerId, context)) throw new NotFoundError('PaymentMethod', methodId);
      return removeMethod(context.services, methodId, actOf(context));
    },
  }),
  setAutopay: t.field({
    type: AccountRef,
    description:
      'Which method pays what falls due: on the day it is due, and again 1, 3, 5 and 7 days later.',
    authScopes: (_root, { input }, { principal }) =>
      principal.customerId === input.customerId || { scope: 'payments:write' },
    errors: { types: [NotFoundError, ForbiddenError] },
    args: { input: t.arg({ type: SetAutopayInput, required: true }) },
    resolve: async (_root, { input: { customerId, methodId } }, context) => {
      await chooseAutopay(context.services, customerId, methodId ?? null);
      const [account] = await accountsById(context.services.database, [customerId]);
      if (account === undefined) throw new NotFoundError('Customer', customerId);
      return account;
    },
  }),
}));
