import type { Day } from '../calendar/rules.ts';
import type { Shield } from '../dunning/rules.ts';
import { type DeclineClass, nextAttempt } from '../payment/rules-autopay.ts';

export type AttemptState = 'requested' | 'cancelled' | 'sent' | 'pending' | 'failed' | 'succeeded';

const rank: Readonly<Record<AttemptState, number>> = {
  requested: 0,
  cancelled: 1,
  sent: 1,
  pending: 2,
  failed: 3,
  succeeded: 4,
};

/** Whether news of an attempt is news: its state only moves forward, whatever order the news comes in. */
export const isForward = (from: AttemptState, to: AttemptState): boolean =>
  from !== 'cancelled' && rank[to] > rank[from];

/** Shields under which nobody's account is charged: what he says against it, or was agreed with him, comes first. */
const holding = new Set<Shield['kind']>([
  'dispute',
  'paymentArrangement',
  'promiseToPay',
  'paymentProofUnderReview',
]);

/** An invoice that autopay looks at. */
export interface CollectableInvoice {
  readonly id: string;
  readonly dueOn: Day;
  /** Minor units. */
  readonly open: bigint;
  /** Whether the bank took a payment of it back. */
  readonly chargedBack: boolean;
  /** What autopay tried with the method it has now. */
  readonly collection:
    | { readonly state: 'none' }
    | { readonly state: 'active'; readonly nextAttemptOn: Day | null }
    | { readonly state: 'stopped' };
}

type CollectionDecision =
  | { readonly outcome: 'COLLECT' }
  | { readonly outcome: 'END'; readonly because: 'paid' | 'chargedBack' }
  | { readonly outcome: 'WAIT'; readonly because: 'notDue' | 'underWay' | 'shielded' | 'stopped' };

/** Whether an invoice is charged today. */
export function decideCollection(
  invoice: CollectableInvoice,
  shields: readonly Shield[],
  today: Day,
): CollectionDecision {
  if (invoice.open <= 0n) return { outcome: 'END', because: 'paid' };
  if (invoice.chargedBack) return { outcome: 'END', because: 'chargedBack' };
  const { collection } = invoice;
  if (collection.state === 'stopped') return { outcome: 'WAIT', because: 'stopped' };
  if (collection.state === 'active') {
    if (collection.nextAttemptOn === null) return { outcome: 'WAIT', because: 'underWay' };
    if (collection.nextAttemptOn > today) return { outcome: 'WAIT', because: 'notDue' };
  }
  if (invoice.dueOn > today) return { outcome: 'WAIT', because: 'notDue' };
  if (isHeld(invoice.id, shields, today)) return { outcome: 'WAIT', because: 'shielded' };
  return { outcome: 'COLLECT' };
}

/** Whether a dispute, an arrangement, a promise or a proof under review keeps an invoice from being charged. */
export const isHeld = (invoiceId: string, shields: readonly Shield[], today: Day): boolean =>
  shields.some(
    ({ kind, from, until, invoiceIds }) =>
      holding.has(kind) &&
      from <= today &&
      today < (until ?? Number.POSITIVE_INFINITY) &&
      (invoiceIds === undefined || invoiceIds.includes(invoiceId)),
  );

/** What becomes of a collection after a decline: the day of the next attempt, or why there is none. */
export function afterDecline(
  firstAttemptOn: Day,
  attempts: number,
  declined: DeclineClass,
  isAutopay: boolean,
): { readonly nextAttemptOn: Day } | { readonly because: string } {
  if (!isAutopay) return { because: 'declined' };
  const next = nextAttempt(firstAttemptOn, attempts, declined);
  if (next !== undefined) return { nextAttemptOn: next };
  return { because: declined === 'hard' || declined === 'authenticationRequired' ? declined : 'exhausted' };
}
