import { NotFoundError, shapingOf, ValidationError } from '@dotmac/schema';
import { type ResolveCursorConnectionArgs, resolveCursorConnection } from '@pothos/plugin-relay';
import { type BillingContext, builder } from '../builder.ts';
import { ShapingRef } from '../catalogue/type.ts';
import type { Document } from '../document/store.ts';
import { CreditNoteRef, InvoiceRef } from '../document/type.ts';
import { PaymentRef, ShieldRef } from '../payment/type.ts';
import { isQuoted } from '../tax/rules-quote.ts';
import { taxComponents } from '../tax/store.ts';
import { lockedAccount, updateAccount } from './store.ts';
import { AccountRef, CustomerRef, DepositRef, FeeRef } from './type.ts';

const own = ({ id }: { readonly id: string }, { principal }: BillingContext) =>
  principal.customerId === id || ({ scope: 'billing:read' } as const);

CustomerRef.implement({
  externalFields: (t) => ({ id: t.id() }),
  fields: (t) => ({
    account: t.field({
      type: AccountRef,
      nullable: true,
      authScopes: (customer, _args, context) => own(customer, context),
      resolve: ({ id }, _args, { loaders }) => loaders.account.load(id),
    }),
    balance: t.field({
      type: 'Money',
      description: 'What the customer owes, less his credit; below zero it is owed to him.',
      authScopes: (customer, _args, context) => own(customer, context),
      resolve: async ({ id }, _args, { loaders, services }) => {
        const [account, owed, credit] = await Promise.all([
          loaders.account.load(id),
          loaders.openItemsOfCustomer.load(id),
          loaders.creditItemsOfCustomer.load(id),
        ]);
        const sum = (items: readonly { readonly open: bigint }[]) =>
          items.reduce((total, item) => total + item.open, 0n);
        return {
          minor: sum(owed) - sum(credit),
          currency: account?.currency ?? services.tenant?.currency ?? 'USD',
        };
      },
    }),
    openInvoices: t.field({
      type: [InvoiceRef],
      description: 'Oldest due first.',
      authScopes: (customer, _args, context) => own(customer, context),
      resolve: async ({ id }, _args, { loaders }) => {
        const items = await loaders.openItemsOfCustomer.load(id);
        return Promise.all(items.map(async (item) => (await loaders.document.load(item.id)) as Document));
      },
    }),
    payments: t.field({
      type: [PaymentRef],
      description: 'Newest first.',
      authScopes: (customer, _args, context) => own(customer, context),
      resolve: async ({ id }, _args, { loaders }) => [...(await loaders.paymentsOfCustomer.load(id))],
    }),
    invoices: t.connection({
      type: InvoiceRef,
      description: 'Newest first.',
      authScopes: (customer, _args, context) => own(customer, context),
      resolve: ({ id }, args, context) => documentConnection('INVOICE', id, args, context),
    }),
    creditNotes: t.connection({
      type: CreditNoteRef,
      description: 'Newest first.',
      authScopes: (customer, _args, context) => own(customer, context),
      resolve: ({ id }, args, context) => documentConnection('CREDIT_NOTE', id, args, context),
    }),
  }),
});

/** A customer's documents of a type, newest first. */
export function documentConnection(
  type: 'INVOICE' | 'CREDIT_NOTE',
  customerId: string,
  args: Parameters<typeof resolveCursorConnection>[0]['args'],
  { loaders }: BillingContext,
) {
  return resolveCursorConnection(
    { args, defaultSize: 20, maxSize: 200, toCursor: (document: Document) => document.sequence.toString() },
    async ({ before, after, limit, inverted }: ResolveCursorConnectionArgs) => [
      ...(await loaders.documentPage(
        {
          type,
          limit,
          inverted,
          ...(after === undefined ? {} : { after: sequenceOf(after, 'after') }),
          ...(before === undefined ? {} : { before: sequenceOf(before, 'before') }),
        },
        customerId,
      )),
    ],
  );
}

function sequenceOf(cursor: string, argument: string): bigint {
  if (!/^\d{1,18}$/.test(cursor)) throw new ValidationError(argument, 'This is not a cursor of this list');
  return BigInt(cursor);
}

AccountRef.implement({
  description: 'How a customer is billed.',
  fields: (t) => ({
    currency: t.exposeString('currency'),
    tenantId: t.exposeID('tenantId', {
      nullable: true,
      description: 'In tenant zero: the ISP that this customer is.',
    }),
    anchorDay: t.exposeInt('anchorDay', {
      nullable: true,
      description: 'The day of the month on which periods begin, clamped to the end of shorter months.',
    }),
    paymentTermDays: t.exposeInt('paymentTermDays'),
    taxJurisdictions: t.exposeStringList('taxJurisdictions', { description: 'Broadest first.' }),
    pricesIncludeTax: t.exposeBoolean('pricesIncludeTax', {
      nullable: true,
      description:
        'Whether all prices and fees of this customer include their tax; null: as each plan and fee says.',
    }),
    nextBillOn: t.expose('nextBillOn', { type: 'LocalDate', nullable: true }),
    locked: t.boolean({
      description: 'Whether dunning has closed the services of this customer.',
      resolve: async ({ customerId }, _args, { loaders }) =>
        (await loaders.lock.load(customerId))?.restriction.kind === 'CUT',
    }),
    slowedTo: t.field({
      type: ShapingRef,
      nullable: true,
      description:
        'What dunning has slowed the services of this customer down to, at most; a payment restores them.',
      resolve: async ({ customerId }, _args, { loaders }) => {
        const restriction = (await loaders.lock.load(customerId))?.restriction;
        return restriction?.kind === 'SLOW' ? shapingOf(restriction.to) : null;
      },
    }),
    fees: t.field({
      type: [FeeRef],
      description: 'Charged once, late fees among them.',
      resolve: async ({ customerId }, _args, { loaders }) => [
        ...(await loaders.feesOfCustomer.load(customerId)),
      ],
    }),
    deposits: t.field({
      type: [DepositRef],
      resolve: async ({ customerId }, _args, { loaders }) => [
        ...(await loaders.depositsOfCustomer.load(customerId)),
      ],
    }),
    shields: t.field({
      type: [ShieldRef],
      description: 'What keeps dunning away, unless lifted; expired ones included.',
      resolve: async ({ customerId }, _args, { loaders }) => [
        ...(await loaders.shieldsOfCustomer.load(customerId)),
      ],
    }),
  }),
});

const UpdateBillingAccountInput = builder.inputType('UpdateBillingAccountInput', {
  fields: (t) => ({
    customerId: t.id({ required: true }),
    anchorDay: t.int({ description: 'Only before the first service.' }),
    paymentTermDays: t.int(),
    taxJurisdictions: t.stringList({ description: 'Broadest first, such as CA, CA-QC; empty: no tax.' }),
    pricesIncludeTax: t.boolean({
      description:
        'Of all prices and fees, whatever plans say; null: as they say. Only before the first service.',
    }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('updateBillingAccount', (t) =>
  t.field({
    type: AccountRef,
    authScopes: { scope: 'billing:write' },
    errors: { types: [ValidationError, NotFoundError] },
    args: { input: t.arg({ type: UpdateBillingAccountInput, required: true }) },
    resolve: (_root, { input }, { services }) =>
      services.database.transaction().execute(async (transaction) => {
        const { customerId, anchorDay, paymentTermDays, taxJurisdictions, pricesIncludeTax } = input;
        const account = await lockedAccount(transaction, customerId);
        if (account === null) throw new NotFoundError('Customer', customerId);
        if (anchorDay != null && (anchorDay < 1 || anchorDay > 31))
          throw new ValidationError('input.anchorDay', `must be 1 to 31, not ${anchorDay}`);
        if (anchorDay != null && account.nextBillOn !== null && account.anchorDay !== anchorDay)
          throw new ValidationError('input.anchorDay', 'The billing day is settled once there is a service');
        if (paymentTermDays != null && (paymentTermDays < 0 || paymentTermDays > 365))
          throw new ValidationError('input.paymentTermDays', `must be 0 to 365, not ${paymentTermDays}`);
        if (
          pricesIncludeTax !== undefined &&
          account.pricesIncludeTax !== pricesIncludeTax &&
          account.nextBillOn !== null
        )
          throw new ValidationError(
            'input.pricesIncludeTax',
            'It is settled once there is a service; a plan of the other kind can be taken instead',
          );
        const jurisdictions = taxJurisdictions == null ? new Map() : await taxComponents(transaction);
        const unknown = taxJurisdictions?.findIndex((one) => !jurisdictions.has(one) && !isQuoted(one)) ?? -1;
        if (unknown >= 0)
          throw new ValidationError(
            `input.taxJurisdictions[${unknown}]`,
            `There is no tax data for "${taxJurisdictions?.[unknown]}"; there is for ${[...jurisdictions.keys()].join(', ')}`,
          );
        const change = {
          ...(anchorDay == null ? {} : { anchorDay }),
          ...(paymentTermDays == null ? {} : { paymentTermDays }),
          ...(taxJurisdictions == null ? {} : { taxJurisdictions }),
          ...(pricesIncludeTax === undefined ? {} : { pricesIncludeTax }),
        };
        return Object.keys(change).length === 0 ? account : updateAccount(transaction, customerId, change);
      }),
  }),
);
