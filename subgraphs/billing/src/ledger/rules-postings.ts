import { type Account, type Entry, type PostingSet, postingSet } from './rules.ts';

const debit = (account: Account, amount: bigint): Entry => ({ account, amount });
const credit = (account: Account, amount: bigint): Entry => ({ account, amount: -amount });

/** What a document says to the ledger. Amounts in minor units, positive for an invoice and for a credit note. */
export interface PostedDocument {
  readonly ref: string;
  readonly customer: string;
  readonly currency: string;
  readonly revenue: ReadonlyArray<{ readonly revenueClass: string; readonly net: bigint }>;
  readonly tax: ReadonlyArray<{ readonly component: string; readonly tax: bigint }>;
  readonly rounding?: bigint;
}

function documentEntries(document: PostedDocument, sign: 1n | -1n): Entry[] {
  const rounding = document.rounding ?? 0n;
  const net = document.revenue.reduce((sum, one) => sum + one.net, 0n);
  const tax = document.tax.reduce((sum, one) => sum + one.tax, 0n);
  return [
    debit({ type: 'receivable', customer: document.customer }, sign * (net + tax + rounding)),
    ...document.revenue.map((one) =>
      credit({ type: 'revenue', revenueClass: one.revenueClass }, sign * one.net),
    ),
    ...document.tax.map((one) => credit({ type: 'taxPayable', component: one.component }, sign * one.tax)),
    credit({ type: 'cashRounding' }, sign * rounding),
  ];
}

/** Receivable against revenue and tax. */
export const postInvoice = (document: PostedDocument): PostingSet =>
  postingSet('invoice', document.ref, document.currency, documentEntries(document, 1n));

/** Revenue and tax against receivable. */
export const postCreditNote = (document: PostedDocument): PostingSet =>
  postingSet('creditNote', document.ref, document.currency, documentEntries(document, -1n));

/** Money of one customer that moves; amounts positive, minor units. */
export interface CustomerMovement {
  readonly ref: string;
  readonly customer: string;
  readonly currency: string;
  readonly amount: bigint;
}
export interface GatewayMovement extends CustomerMovement {
  readonly gateway: string;
}

const receivable = (customer: string): Account => ({ type: 'receivable', customer });
const unapplied = (customer: string): Account => ({ type: 'unappliedCash', customer });
const clearing = (gateway: string): Account => ({ type: 'clearing', gateway });

/** Cash in: what is allocated reduces the receivable, the rest is unapplied cash. */
export function postPayment(payment: GatewayMovement & { readonly allocated: bigint }): PostingSet {
  const { ref, customer, currency, amount, gateway, allocated } = payment;
  return postingSet('payment', ref, currency, [
    debit(clearing(gateway), amount),
    credit(receivable(customer), allocated),
    credit(unapplied(customer), amount - allocated),
  ]);
}

/** Unapplied cash settles an invoice. */
export const postApplication = ({ ref, customer, currency, amount }: CustomerMovement): PostingSet =>
  postingSet('application', ref, currency, [
    debit(unapplied(customer), amount),
    credit(receivable(customer), amount),
  ]);

/** Cash out, from unapplied cash: a refund of an allocated payment is first taken off its invoice. */
export const postRefund = ({ ref, customer, currency, amount, gateway }: GatewayMovement): PostingSet =>
  postingSet('refund', ref, currency, [
    debit(unapplied(customer), amount),
    credit(clearing(gateway), amount),
  ]);

/** The bank takes a payment back, and keeps a fee: what was allocated is owed again. */
export function postChargeback(
  chargeback: GatewayMovement & { readonly allocated: bigint; readonly fee: bigint },
): PostingSet {
  const { ref, customer, currency, amount, gateway, allocated, fee } = chargeback;
  return postingSet('chargeback', ref, currency, [
    debit(receivable(customer), allocated),
    debit(unapplied(customer), amount - allocated),
    debit({ type: 'gatewayFees' }, fee),
    credit(clearing(gateway), amount + fee),
  ]);
}

/** A deposit is a liability until it is applied or given back. */
export const postDeposit = ({ ref, customer, currency, amount, gateway }: GatewayMovement): PostingSet =>
  postingSet('deposit', ref, currency, [
    debit(clearing(gateway), amount),
    credit({ type: 'deposit', customer }, amount),
  ]);
export const postDepositApplied = ({ ref, customer, currency, amount }: CustomerMovement): PostingSet =>
  postingSet('depositApplied', ref, currency, [
    debit({ type: 'deposit', customer }, amount),
    credit(receivable(customer), amount),
  ]);
/** What is kept for a customer goes back to him. */
const refundOf =
  (type: 'deposit' | 'prepaid') =>
  ({ ref, customer, currency, amount, gateway }: GatewayMovement): PostingSet =>
    postingSet(`${type}Refund`, ref, currency, [
      debit({ type, customer }, amount),
      credit(clearing(gateway), amount),
    ]);
export const postDepositRefund = refundOf('deposit');

/** What coins cannot pay of an invoice is settled; `amount` below zero: what they paid too much is owed. */
export const postCashRounding = ({ ref, customer, currency, amount }: CustomerMovement): PostingSet =>
  postingSet('cashRounding', ref, currency, [
    debit({ type: 'cashRounding' }, amount),
    credit(receivable(customer), amount),
  ]);

/** Unapplied cash becomes the balance of a customer who pays ahead from now on; `back`: the other way round. */
export const postPrepaidTransfer = (
  { ref, customer, currency, amount }: CustomerMovement,
  back = false,
): PostingSet =>
  postingSet('prepaidTransfer', ref, currency, [
    debit(back ? { type: 'prepaid', customer } : unapplied(customer), amount),
    credit(back ? unapplied(customer) : { type: 'prepaid', customer }, amount),
  ]);

/** The unused balance goes back. */
export const postPrepaidRefund = refundOf('prepaid');

/** A voucher sold is owed to whoever redeems it. */
export const postVoucherSale = (sale: {
  readonly ref: string;
  readonly currency: string;
  readonly amount: bigint;
  readonly gateway: string;
}): PostingSet =>
  postingSet('voucherSale', sale.ref, sale.currency, [
    debit(clearing(sale.gateway), sale.amount),
    credit({ type: 'voucherLiability' }, sale.amount),
  ]);
/** Its redemption is a payment by voucher: what was owed for it is where that money comes from. */
export const postVoucherRedemption = (redemption: {
  readonly ref: string;
  readonly currency: string;
  readonly amount: bigint;
  readonly gateway: string;
}): PostingSet =>
  postingSet('voucherRedemption', redemption.ref, redemption.currency, [
    debit({ type: 'voucherLiability' }, redemption.amount),
    credit(clearing(redemption.gateway), redemption.amount),
  ]);

/** A voucher that is taken back: its money goes to who bought it. */
export const postVoucherRevocation = (revocation: Parameters<typeof postVoucherRedemption>[0]): PostingSet =>
  postingSet('voucherRevocation', revocation.ref, revocation.currency, [
    debit({ type: 'voucherLiability' }, revocation.amount),
    credit(clearing(revocation.gateway), revocation.amount),
  ]);

/** A voucher that expired is owed to nobody: it is income of no supply, and bears no tax. */
export const postVoucherExpiry = (expiry: {
  readonly ref: string;
  readonly currency: string;
  readonly amount: bigint;
}): PostingSet =>
  postingSet('voucherExpiry', expiry.ref, expiry.currency, [
    debit({ type: 'voucherLiability' }, expiry.amount),
    credit({ type: 'voucherBreakage' }, expiry.amount),
  ]);

/** What will not be paid becomes bad debt; a recovery opens it again. */
export const postWriteOff = ({ ref, customer, currency, amount }: CustomerMovement): PostingSet =>
  postingSet('writeOff', ref, currency, [
    debit({ type: 'badDebt' }, amount),
    credit(receivable(customer), amount),
  ]);
export const postRecovery = ({ ref, customer, currency, amount }: CustomerMovement): PostingSet =>
  postingSet('recovery', ref, currency, [
    debit(receivable(customer), amount),
    credit({ type: 'badDebt' }, amount),
  ]);

/** Bank money nobody recognises yet, and its recognition as a customer's unapplied cash. */
export const postSuspense = (line: {
  readonly ref: string;
  readonly currency: string;
  readonly amount: bigint;
  readonly gateway: string;
}): PostingSet =>
  postingSet('suspense', line.ref, line.currency, [
    debit(clearing(line.gateway), line.amount),
    credit({ type: 'suspense' }, line.amount),
  ]);
export const postSuspenseMatched = ({ ref, customer, currency, amount }: CustomerMovement): PostingSet =>
  postingSet('suspenseMatched', ref, currency, [
    debit({ type: 'suspense' }, amount),
    credit(unapplied(customer), amount),
  ]);
