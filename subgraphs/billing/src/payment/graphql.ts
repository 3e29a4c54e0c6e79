import { ConflictError, NotFoundError, ValidationError } from '@dotmac/schema';
import { CustomerRef } from '../account/type.ts';
import { actOf } from '../act.ts';
import { builder } from '../builder.ts';
import { MoneyInput } from '../catalogue/type.ts';
import type { Document } from '../document/store.ts';
import { ExplanationRef, InvoiceRef } from '../document/type.ts';
import { receivePayment } from './receive.ts';
import { explainCashRounding } from './rules-cash.ts';
import type { Payment } from './store.ts';
import { AllocationRef, CashRoundingRef, PaymentRef, PaymentReturnRef } from './type.ts';

PaymentRef.implement({
  authScopes: ({ customerId }, { principal }) =>
    principal.customerId === customerId || { scope: 'billing:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    customer: t.field({ type: CustomerRef, resolve: ({ customerId }) => ({ id: customerId }) }),
    amount: t.field({
      type: 'Money',
      resolve: ({ amountMinor, currency }) => ({ minor: amountMinor, currency }),
    }),
    method: t.exposeString('method'),
    reference: t.exposeString('reference'),
    receivedOn: t.expose('receivedOn', { type: 'LocalDate' }),
    receivedAt: t.expose('receivedAt', { type: 'DateTime' }),
    allocations: t.field({
      type: [AllocationRef],
      resolve: async ({ id }, _args, { loaders }) => [...(await loaders.allocationsOfSource.load(id))],
    }),
    unallocated: t.field({
      type: 'Money',
      description: 'What no invoice took yet: credit of the customer.',
      resolve: async ({ id, currency }, _args, { loaders }) => ({
        minor: (await loaders.creditItem.load(id))?.openMinor ?? 0n,
        currency,
      }),
    }),
    rounding: t.field({
      type: CashRoundingRef,
      nullable: true,
      description: 'Of a payment in cash that settled more or less than its coins.',
      resolve: ({ id }, _args, { loaders }) => loaders.roundingOfPayment.load(id),
    }),
    returns: t.field({
      type: [PaymentReturnRef],
      description: 'What went back of it.',
      resolve: async ({ id }, _args, { loaders }) => [...(await loaders.returnsOfPayment.load(id))],
    }),
  }),
});

builder.asEntity(PaymentRef, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: async ({ id }, { loaders }) => (await loaders.payment.load(id)) as Payment,
});

CashRoundingRef.implement({
  description:
    'What is due in cash is rounded to the least coin of its currency; the tax of the invoice is not.',
  fields: (t) => ({
    amount: t.field({
      type: 'Money',
      description: 'Settled without money; below zero, paid beyond what was due.',
      resolve: ({ amountMinor, currency }) => ({ minor: amountMinor, currency }),
    }),
    due: t.field({ type: 'Money', resolve: ({ dueMinor, currency }) => ({ minor: dueMinor, currency }) }),
    invoice: t.field({
      type: InvoiceRef,
      description: 'That was settled by so much more or less.',
      resolve: async ({ documentId }, _args, { loaders }) =>
        (await loaders.document.load(documentId)) as Document,
    }),
    explain: t.field({
      type: ExplanationRef,
      resolve: ({ dueMinor, coinMinor, coinSince }) => explainCashRounding(dueMinor, coinMinor, coinSince),
    }),
  }),
});

AllocationRef.implement({
  fields: (t) => ({
    invoice: t.field({
      type: InvoiceRef,
      resolve: async ({ documentId }, _args, { loaders }) =>
        (await loaders.document.load(documentId)) as Document,
    }),
    amount: t.field({
      type: 'Money',
      resolve: async ({ amountMinor, documentId }, _args, { loaders }) => ({
        minor: amountMinor,
        currency: (await loaders.document.load(documentId))?.currency ?? '',
      }),
    }),
    net: t.field({
      type: 'Money',
      description: 'The share of it that is net of tax.',
      resolve: async ({ netMinor, documentId }, _args, { loaders }) => ({
        minor: netMinor,
        currency: (await loaders.document.load(documentId))?.currency ?? '',
      }),
    }),
  }),
});

const RecordPaymentInput = builder.inputType('RecordPaymentInput', {
  fields: (t) => ({
    customerId: t.id({ required: true }),
    amount: t.field({ type: MoneyInput, required: true }),
    method: t.string({ required: true, description: 'Such as cash, bankTransfer or stripe.' }),
    reference: t.string({
      required: true,
      description: 'The id of the payment where it comes from: sent again, it is the same payment.',
    }),
    invoiceId: t.id({ description: 'Paid first; the rest goes to the oldest due.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('recordPayment', (t) =>
  t.field({
    type: PaymentRef,
    description:
      'Money came in. It pays open invoices, the oldest due first; what is left is credit. Opens the services again when nothing is overdue any more.',
    authScopes: { scope: 'payments:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: RecordPaymentInput, required: true }) },
    resolve: (_root, { input }, context) => {
      const { customerId, amount, method, reference, invoiceId } = input;
      return receivePayment(
        context.services,
        {
          customerId,
          amount: { minor: amount.amount, currency: amount.currency },
          method,
          reference,
          invoiceId: invoiceId ?? null,
        },
        actOf(context),
      );
    },
  }),
);
