import { ConflictError, NotFoundError, ValidationError } from '@dotmac/schema';
import { actOf } from '../act.ts';
import { builder } from '../builder.ts';
import { PaymentRef } from '../payment/type.ts';
import { importStatement, matchBankLine, type StatementImport, undoBankMatch } from './import.ts';
import { type BankLine, bankLines } from './store.ts';

const BankLineRef = builder.objectRef<BankLine>('BankLine').implement({
  description: 'Money on the bank account. Without a payment it is in suspense.',
  authScopes: { scope: 'billing:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    account: t.exposeString('account'),
    bookedOn: t.expose('bookedOn', { type: 'LocalDate' }),
    amount: t.field({
      type: 'Money',
      resolve: ({ amountMinor, currency }) => ({ minor: amountMinor, currency }),
    }),
    payer: t.exposeString('payer', { nullable: true }),
    remittance: t.exposeString('remittance'),
    payment: t.field({
      type: PaymentRef,
      nullable: true,
      resolve: ({ paymentId }, _args, { loaders }) =>
        paymentId === null ? null : loaders.payment.load(paymentId),
    }),
  }),
});
const ImportRef = builder.objectRef<StatementImport>('BankStatementImport').implement({
  fields: (t) => ({
    lines: t.field({ type: [BankLineRef], description: 'That are new.', resolve: ({ lines }) => [...lines] }),
    duplicates: t.exposeInt('duplicates', { description: 'Lines that were there already.' }),
    skipped: t.exposeInt('skipped', {
      description: 'Money out, what a bank takes back of it, and what is not booked yet.',
    }),
  }),
});
const StatementFormatEnum = builder.enumType('BankStatementFormat', {
  values: {
    CAMT_053: { description: 'ISO 20022.' },
    CSV: { description: 'With the columns date, amount, currency and optionally name, reference, text.' },
  },
});
const ImportInput = builder.inputType('ImportBankStatementInput', {
  fields: (t) => ({
    format: t.field({ type: StatementFormatEnum, required: true }),
    content: t.string({ required: true }),
    account: t.string({ description: 'For a CSV: the IBAN or name of the account.' }),
    clientMutationId: t.string(),
  }),
});
const MatchInput = builder.inputType('MatchBankLineInput', {
  fields: (t) => ({
    lineId: t.id({ required: true }),
    customerId: t.id({ required: true }),
    invoiceId: t.id({ description: 'Paid first; the rest goes to the oldest due.' }),
    clientMutationId: t.string(),
  }),
});
const UndoInput = builder.inputType('UndoBankMatchInput', {
  fields: (t) => ({
    lineId: t.id({ required: true }),
    reason: t.string({ required: true }),
    clientMutationId: t.string(),
  }),
});

builder.queryField('bankLines', (t) =>
  t.field({
    type: [BankLineRef],
    description: 'Newest first, at most 500.',
    authScopes: { scope: 'billing:read' },
    args: { inSuspense: t.arg.boolean({ description: 'Only those that nobody recognised yet.' }) },
    resolve: (_root, { inSuspense }, { services }) => bankLines(services.database, inSuspense ?? false),
  }),
);

builder.mutationFields((t) => ({
  importBankStatement: t.field({
    type: ImportRef,
    description: 'All of a statement or nothing of it. A line that is there already does nothing.',
    authScopes: { scope: 'payments:write' },
    errors: { types: [ValidationError] },
    args: { input: t.arg({ type: ImportInput, required: true }) },
    resolve: (_root, { input }, context) =>
      importStatement(context.services, { ...input, account: input.account ?? null }, actOf(context)),
  }),
  matchBankLine: t.field({
    type: BankLineRef,
    authScopes: { scope: 'payments:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: MatchInput, required: true }) },
    resolve: (_root, { input }, context) =>
      matchBankLine(context.services, { ...input, invoiceId: input.invoiceId ?? null }, actOf(context)),
  }),
  undoBankMatch: t.field({
    type: BankLineRef,
    description: 'Reverses the payment; the line waits in suspense again.',
    authScopes: { scope: 'payments:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: UndoInput, required: true }) },
    resolve: (_root, { input }, context) => undoBankMatch(context.services, input, actOf(context)),
  }),
}));
