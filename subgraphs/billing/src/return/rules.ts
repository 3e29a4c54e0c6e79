import { mulDivRound } from '@dotmac/platform/money/rounding';
import { postingSet, reversal } from '../ledger/rules.ts';
import { postApplication, postCashRounding, postChargeback, postRefund } from '../ledger/rules-postings.ts';
import { type CashRoundingBack, type Movement, roundingBackId } from '../movement/rules.ts';
import { smaller } from '../payment/rules.ts';
import { netShare, type PaidSoFar } from '../payment/rules-net.ts';

/** A reversal says that the payment was never this customer's. */
export type ReturnKind = 'refund' | 'chargeback' | 'reversal';

/** A payment, what went back of it so far, and where the rest of it is. Minor units. */
export interface ReturnablePayment {
  readonly id: string;
  readonly customerId: string;
  readonly method: string;
  readonly currency: string;
  readonly amount: bigint;
  readonly returned: bigint;
  /** What no invoice took of it. */
  readonly credit: bigint;
  /** What credit notes left of the customer's money, oldest first. */
  readonly noteCredits: readonly NoteCredit[];
  /** What settled an invoice beside it because it was paid in cash, as long as that stands. */
  readonly rounding: { readonly id: string; readonly documentId: string; readonly amount: bigint } | null;
  /** What it pays, newest due first. */
  readonly allocations: readonly (PaidSoFar & { readonly documentId: string; readonly left: bigint })[];
}

/** What a credit note left; `net` and `gross` are the whole note's, above zero. */
export interface NoteCredit {
  readonly sourceId: string;
  readonly open: bigint;
  readonly net: bigint;
  readonly gross: bigint;
}

/** The share of `taken` that is net of tax: over whoever takes parts of a note it sums to the note's net. */
function noteShare({ open, net, gross }: NoteCredit, taken: bigint): bigint {
  if (gross === 0n) return 0n;
  return mulDivRound(net, open, gross) - mulDivRound(net, open - taken, gross);
}

export type ReturnResult =
  | { readonly ok: true; readonly movement: Movement }
  | { readonly ok: false; readonly field: string; readonly message: string };

/**
 * Gives `amount` of a payment back. It is taken from what no invoice took of it; a refund then takes what credit notes
 * left, because that is what they are refunded from; the rest is owed again, on the newest invoice first. Never more
 * than the payment less what went back before, so the order of returns changes no balance. An invoice that it does not
 * pay any more loses what it was rounded by, too.
 */
export function returnPayment(
  payment: ReturnablePayment,
  kind: ReturnKind,
  amount: bigint,
  fee = 0n,
): ReturnResult {
  const fail = (field: string, message: string): ReturnResult => ({ ok: false, field, message });
  const returnable = payment.amount - payment.returned;
  if (amount <= 0n) return fail('input.amount.amount', `What goes back is more than 0, not ${amount}`);
  if (amount > returnable)
    return fail('input.amount.amount', `${amount} is more than the ${returnable} left of the payment`);
  if (fee < 0n) return fail('input.fee.amount', `A fee is not below 0, as ${fee} is`);

  let left = amount;
  const credits: { sourceId: string; amount: bigint; net?: bigint }[] = [];
  const own = smaller(payment.credit, left);
  if (own > 0n) credits.push({ sourceId: payment.id, amount: own });
  left -= own;
  for (const note of kind === 'refund' ? payment.noteCredits : []) {
    const taken = smaller(note.open, left);
    if (taken > 0n) credits.push({ sourceId: note.sourceId, amount: taken, net: noteShare(note, taken) });
    left -= taken;
  }
  let rounding: CashRoundingBack | undefined;
  const allocations: { documentId: string; amount: bigint; net: bigint }[] = [];
  for (const one of payment.allocations) {
    const taken = smaller(one.left, left);
    left -= taken;
    if (taken === 0n) continue;
    const { documentId } = one;
    const net = netShare(one, -taken);
    allocations.push({ documentId, amount: -taken, net });
    if (taken === one.left && payment.rounding?.documentId === documentId) {
      const { id: reverses, amount } = payment.rounding;
      const open = { ...one, paid: one.paid - taken, paidNet: one.paidNet + net };
      rounding = { reverses, documentId, amount: -amount, net: netShare(open, -amount) };
    }
  }
  if (left > 0n) throw new Error(`${left} of payment ${payment.id} is nowhere: the books do not hold`);
  const { customerId, currency, method } = payment;
  const reopened = allocations.reduce((sum, one) => sum - one.amount, 0n);
  const common = { customer: customerId, currency, gateway: method };
  const ofReturn = (ref: string) => {
    if (kind === 'chargeback') return [postChargeback({ ...common, ref, amount, allocated: reopened, fee })];
    if (kind === 'reversal') {
      const entries = postChargeback({ ...common, ref, amount, allocated: reopened, fee: 0n }).entries;
      return [postingSet('paymentReversal', ref, currency, entries)];
    }
    const offInvoices = postApplication({ ref, customer: customerId, currency, amount: reopened });
    return [
      ...(reopened > 0n ? [reversal(offInvoices, 'paymentReversal', ref)] : []),
      postRefund({ ...common, ref, amount }),
    ];
  };
  const ofRounding = (ref: string) =>
    rounding === undefined
      ? []
      : [
          postCashRounding({
            ref: roundingBackId(ref),
            customer: customerId,
            currency,
            amount: rounding.amount,
          }),
        ];
  return {
    ok: true,
    movement: {
      customerId,
      currency,
      amount,
      credits,
      allocations,
      ...(rounding === undefined ? {} : { rounding }),
      postings: (ref) => [...ofReturn(ref), ...ofRounding(ref)],
    },
  };
}
