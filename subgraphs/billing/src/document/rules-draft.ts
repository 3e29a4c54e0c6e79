import type { Rational } from '@dotmac/platform/money/rational';
import { type Day, formatDay } from '../calendar/rules.ts';
import type { Explanation } from '../explanation/rules.ts';
import type { Canonical } from '../numbering/rules.ts';
import type { PartyDetails } from '../rendering/rules-snapshot.ts';
import type { TaxPart, TaxSubtotal } from '../tax/rules-types.ts';

export type DocumentType = 'INVOICE' | 'CREDIT_NOTE';
export type LineKind = 'recurring' | 'credit' | 'usage' | 'oneOff' | 'adjustment';

/** A line as it will stand on a document. Amounts are minor units, signed; `to` and `periodTo` are exclusive. */
export interface DraftLine {
  readonly kind: LineKind;
  readonly description: string;
  readonly productClass: string;
  readonly serviceLineId: string;
  readonly priceKey: string;
  readonly price: Rational;
  readonly dayCount: 'actual' | 'fixed30';
  readonly periodFrom: Day;
  readonly periodTo: Day;
  readonly from: Day;
  readonly to: Day;
  readonly days: number;
  readonly ofDays: number;
  /** How many lines the key had before this one. */
  readonly correction: number;
  /** Net and tax together are what the price promised. */
  readonly taxInclusive?: boolean | undefined;
  readonly net: bigint;
  readonly tax: bigint;
  readonly taxParts: readonly TaxPart[];
  readonly explanation: Explanation;
}

/** A document that has no number yet. */
export interface Draft {
  readonly type: DocumentType;
  readonly customerId: string;
  /** Who owes it, when another pays for the customer. */
  readonly payerId?: string;
  readonly customerName: string;
  readonly customerEmail: string | null;
  readonly currency: string;
  readonly runDate: Day;
  readonly paymentTermDays: number;
  readonly lines: readonly DraftLine[];
  readonly taxes: readonly TaxSubtotal[];
  readonly net: bigint;
  readonly tax: bigint;
  readonly gross: bigint;
  readonly creditsDocumentId: string | null;
  readonly reason: string | null;
  /** Another draft that says the same of another customer: all but his names and the services of its lines. */
  readonly like?: Draft;
}

/** A draft with the id it is written under. */
export interface IdentifiedDraft {
  readonly id: string;
  readonly draft: Draft;
}

/** Whether a line is a discount, whose key is that of what it is taken off and its own. */
export const isDiscount = ({ priceKey }: Pick<DraftLine, 'priceKey'>): boolean => priceKey.includes('/');

/** Whose receivable a document is. */
export const debtorOf = ({ payerId, customerId }: Pick<Draft, 'payerId' | 'customerId'>): string =>
  payerId ?? customerId;

/** What a document says, for its hash: names, days and amounts as they are on the day of issue. */
export function snapshotOf(
  draft: Draft,
  issued: {
    readonly number: string;
    readonly issuedOn: string;
    readonly dueOn: string;
    readonly seller: string;
    readonly sellerDetails?: PartyDetails;
    readonly customerDetails?: PartyDetails;
  },
): Canonical {
  return {
    type: draft.type,
    number: issued.number,
    issuedOn: issued.issuedOn,
    dueOn: issued.dueOn,
    seller: issued.seller,
    ...(issued.sellerDetails === undefined ? {} : { sellerDetails: { ...issued.sellerDetails } }),
    ...(issued.customerDetails === undefined ? {} : { customerDetails: { ...issued.customerDetails } }),
    customer: { id: draft.customerId, name: draft.customerName, email: draft.customerEmail },
    ...(draft.creditsDocumentId === null ? {} : { credits: draft.creditsDocumentId, reason: draft.reason }),
    currency: draft.currency,
    lines: draft.lines.map((line) => ({
      description: line.description,
      from: formatDay(line.from),
      to: formatDay(line.to),
      price: [line.price.num, line.price.den],
      ...(isDiscount(line) ? { discount: true } : {}),
      days: line.days,
      ofDays: line.ofDays,
      net: line.net,
      tax: line.tax,
      ...(line.taxInclusive === true ? { taxIncluded: true } : {}),
      taxes: line.taxParts.map(({ group }) => group),
    })),
    taxes: draft.taxes.map(({ componentId, name, category, percent, base, tax, reason }) => ({
      component: componentId,
      name,
      category,
      percent,
      base,
      tax,
      reason,
    })),
    net: draft.net,
    tax: draft.tax,
    gross: draft.gross,
  };
}

/** Everything that decides what a draft would do, for a fingerprint of the plan. */
export function draftText(draft: Draft): Canonical {
  return {
    snapshot: snapshotOf(draft, { number: '', issuedOn: '', dueOn: '', seller: '' }),
    term: draft.paymentTermDays,
    debtor: debtorOf(draft),
    keys: draft.lines.map((line) => [
      line.serviceLineId,
      line.priceKey,
      line.periodFrom,
      line.periodTo,
      line.correction,
    ]),
  };
}
