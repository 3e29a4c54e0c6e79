import { ConflictError, NotFoundError, ValidationError } from '@dotmac/schema';
import { accountsById } from '../account/store.ts';
import { AccountRef, CustomerRef } from '../account/type.ts';
import { actOf } from '../act.ts';
import { builder } from '../builder.ts';
import type { Document } from '../document/store.ts';
import { InvoiceRef } from '../document/type.ts';
import { followPayers } from '../dunning/follow.ts';
import { relieve } from '../dunning/relief.ts';
import { prepaidOfCustomers } from '../prepaid/store.ts';
import { lockAccounts } from '../run/store.ts';
import type { PayerMode } from './rules.ts';
import { membersOf, setPayer, type summariesOf } from './store.ts';

const PayerModeEnum = builder.enumType('PayerMode', {
  values: {
    CONSOLIDATED: { value: 'consolidated', description: 'One invoice to the payer, taxed as he is.' },
    SUMMARY: {
      value: 'summary',
      description: 'Invoices of his own, which the payer owes and gets a list of with their sum.',
    },
    PASS_THROUGH: { value: 'passThrough', description: 'Invoices of his own, which a reseller owes.' },
  },
} as const);

type Summary = Awaited<ReturnType<typeof summariesOf>>[number];
const SummaryRef = builder.objectRef<Summary>('InvoiceSummary').implement({
  description: 'The invoices of a payer’s members that one run issued.',
  fields: (t) => ({
    id: t.exposeID('id'),
    number: t.string({
      description: 'Within the payer’s own: the invoices have the numbers that count.',
      resolve: ({ sequence }) => `SUM-${`${sequence}`.padStart(4, '0')}`,
    }),
    issuedOn: t.expose('issuedOn', { type: 'LocalDate' }),
    dueOn: t.expose('dueOn', { type: 'LocalDate' }),
    total: t.field({
      type: 'Money',
      resolve: ({ totalMinor, currency }) => ({ minor: totalMinor, currency }),
    }),
    open: t.field({ type: 'Money', resolve: ({ openMinor, currency }) => ({ minor: openMinor, currency }) }),
    invoices: t.field({
      type: [InvoiceRef],
      resolve: async ({ documentIds }, _args, { loaders }) => {
        const documents = await Promise.all(documentIds.map((id) => loaders.document.load(id)));
        return documents.filter((document): document is Document => document?.type === 'INVOICE');
      },
    }),
  }),
});

builder.objectField(CustomerRef, 'invoiceSummaries', (t) =>
  t.field({
    type: [SummaryRef],
    description: 'Of those whom he pays for in the mode SUMMARY, newest first.',
    authScopes: ({ id }, _args, { principal }) => principal.customerId === id || { scope: 'billing:read' },
    resolve: async ({ id }, _args, { loaders }) => [...(await loaders.summariesOfPayer.load(id))],
  }),
);
builder.objectFields(AccountRef, (t) => ({
  payer: t.field({
    type: CustomerRef,
    nullable: true,
    description: 'Who owes what this customer is charged; null: himself.',
    resolve: ({ payerId }) => (payerId === null ? null : { id: payerId }),
  }),
  payerMode: t.field({
    type: PayerModeEnum,
    nullable: true,
    resolve: ({ payerMode }) => payerMode as PayerMode | null,
  }),
  paysFor: t.field({
    type: [CustomerRef],
    authScopes: { scope: 'billing:read' },
    resolve: async ({ customerId }, _args, { services }) =>
      (await membersOf(services.database, [customerId])).map((member) => ({ id: member.customerId })),
  }),
}));

const SetPayerInput = builder.inputType('SetPayingAccountInput', {
  fields: (t) => ({
    customerId: t.id({ required: true }),
    payerId: t.id({ description: 'Left out: he pays for himself from now on.' }),
    mode: t.field({ type: PayerModeEnum, defaultValue: 'consolidated' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('setPayingAccount', (t) =>
  t.field({
    type: AccountRef,
    description:
      'From now on another customer owes what this one is charged, and is dunned for it. What was issued before stays with who owes it.',
    authScopes: { scope: 'billing:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: SetPayerInput, required: true }) },
    resolve: (_root, { input }, context) =>
      context.services.database.transaction().execute(async (transaction) => {
        const { customerId } = input;
        const act = actOf(context);
        const payerId = input.payerId ?? null;
        if (payerId === customerId)
          throw new ValidationError('input.payerId', 'Who pays for himself has no payer: leave it out');
        await lockAccounts(transaction, [customerId, ...(payerId === null ? [] : [payerId])]);
        const accounts = await accountsById(transaction, [customerId, payerId ?? customerId]);
        const account = accounts.find((one) => one.customerId === customerId);
        const payer = accounts.find((one) => one.customerId === payerId);
        if (account === undefined) throw new NotFoundError('Customer', customerId);
        if (payerId !== null && payer === undefined) throw new NotFoundError('Customer', payerId);
        if (payer !== undefined) {
          if (payer.currency !== account.currency)
            throw new ValidationError(
              'input.payerId',
              `The payer is billed in ${payer.currency}, not ${account.currency}`,
            );
          if (payer.payerId !== null)
            throw new ConflictError('PAYER_HAS_PAYER', 'Somebody else pays for the payer: name that one');
          if ((await membersOf(transaction, [customerId])).length > 0)
            throw new ConflictError('PAYS_FOR_OTHERS', 'The customer pays for others himself');
          if ((await prepaidOfCustomers(transaction, [customerId, payer.customerId])).length > 0)
            throw new ConflictError('PREPAID', 'Who pays ahead pays for himself, and for himself only');
        }
        await setPayer(
          transaction,
          customerId,
          payerId === null ? null : { id: payerId, mode: input.mode ?? 'consolidated' },
        );
        await relieve(
          transaction,
          customerId,
          payerId === null ? 'he pays for himself' : 'another pays',
          act,
        );
        if (payerId !== null) await followPayers(transaction, [payerId], act);
        const [after] = await accountsById(transaction, [customerId]);
        return after ?? account;
      }),
  }),
);
