import { newId } from '@dotmac/platform';
import { ConflictError, NotFoundError, ValidationError } from '@dotmac/schema';
import { expectFee, lockedAccount } from '../account/store.ts';
import { CustomerRef, FeeRef } from '../account/type.ts';
import { actOf } from '../act.ts';
import { builder } from '../builder.ts';
import { MoneyInput } from '../catalogue/type.ts';
import { ExplanationRef } from '../document/type.ts';
import { PRODUCT_CLASSES } from '../tax/rules-jurisdictions.ts';
import { agreedFee } from './rules.ts';
import { type Fee, feeByReference, insertFee } from './store.ts';

FeeRef.implement({
  description: 'Charged once, on the next invoice from its day on.',
  authScopes: ({ customerId }, { principal }) =>
    principal.customerId === customerId || { scope: 'billing:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    customer: t.field({ type: CustomerRef, resolve: ({ customerId }) => ({ id: customerId }) }),
    description: t.exposeString('description'),
    amount: t.field({
      type: 'Money',
      description: 'Without tax, unless it is inclusive.',
      resolve: ({ amountMinor, currency }) => ({ minor: amountMinor, currency }),
    }),
    taxInclusive: t.exposeBoolean('taxInclusive'),
    on: t.expose('dueOn', { type: 'LocalDate' }),
    lateInvoiceId: t.exposeID('lateInvoiceId', {
      nullable: true,
      description: 'Of a late fee: the invoice that was not paid in time.',
    }),
    explain: t.field({ type: ExplanationRef, resolve: ({ explanation }) => explanation }),
  }),
});

const ChargeFeeInput = builder.inputType('ChargeFeeInput', {
  fields: (t) => ({
    customerId: t.id({ required: true }),
    description: t.string({ required: true, description: 'Stands on the line.' }),
    amount: t.field({
      type: MoneyInput,
      required: true,
      description: 'Without tax, unless it is inclusive.',
    }),
    taxInclusive: t.boolean({
      defaultValue: false,
      description: 'The amount is what is paid, tax included.',
    }),
    productClass: t.string({
      description: `Decides the tax: ${PRODUCT_CLASSES.join(', ')}; other when left out.`,
    }),
    on: t.field({ type: 'LocalDate', description: 'Today when left out.' }),
    reference: t.string({ required: true, description: 'The caller’s own: sent again, it is the same fee.' }),
    clientMutationId: t.string(),
  }),
});
type FeeInput = typeof ChargeFeeInput.$inferInput;

function check({ description, amount, reference, productClass }: FeeInput, currency: string): void {
  if (description.trim() === '' || description.length > 200)
    throw new ValidationError('input.description', 'A fee is described in 1 to 200 characters');
  if (amount.currency !== currency)
    throw new ValidationError(
      'input.amount.currency',
      `The account is in ${currency}, not in ${amount.currency}`,
    );
  if (amount.amount <= 0n) throw new ValidationError('input.amount.amount', 'A fee is more than 0');
  if (reference.trim() === '' || reference.length > 200)
    throw new ValidationError('input.reference', 'A fee needs a reference of 1 to 200 characters');
  if (productClass != null && !(PRODUCT_CLASSES as readonly string[]).includes(productClass))
    throw new ValidationError('input.productClass', `Name one of ${PRODUCT_CLASSES.join(', ')}`);
}

builder.mutationField('chargeFee', (t) =>
  t.field({
    type: FeeRef,
    description:
      'A fee that is charged once: set-up, truck roll, reconnection. It waits for the next invoice.',
    authScopes: { scope: 'billing:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: ChargeFeeInput, required: true }) },
    resolve: (_root, { input }, context) => {
      const { services, principal } = context;
      const act = actOf(context);
      const { customerId, description, amount, reference } = input;
      return services.database.transaction().execute(async (transaction): Promise<Fee> => {
        const account = await lockedAccount(transaction, customerId);
        if (account === null) throw new NotFoundError('Customer', customerId);
        check(input, account.currency);
        const fee: Fee = {
          id: newId('fee', services.clock),
          customerId,
          reference,
          description,
          productClass: input.productClass ?? 'other',
          currency: amount.currency,
          amountMinor: amount.amount,
          taxInclusive: input.taxInclusive ?? false,
          dueOn: input.on ?? act.today,
          lateInvoiceId: null,
          lateStepId: null,
          explanation: agreedFee(amount.amount, principal.id),
        };
        if (await insertFee(transaction, fee)) {
          await expectFee(transaction, customerId, fee.dueOn);
          return fee;
        }
        const before = await feeByReference(transaction, customerId, reference);
        if (before?.amountMinor === fee.amountMinor) return before;
        throw new ConflictError('REFERENCE_USED', `The reference ${reference} belongs to another fee`);
      });
    },
  }),
);
