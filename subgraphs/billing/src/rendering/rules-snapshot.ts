/** The parts of a document's snapshot (see `document/rules-draft.ts`) that its renderings say. Amounts as text. */
export interface PartyDetails {
  readonly street?: string | null;
  readonly city?: string | null;
  readonly postalCode?: string | null;
  readonly country?: string | null;
  readonly vatId?: string | null;
  readonly registration?: string | null;
  readonly email?: string | null;
  readonly iban?: string | null;
}

export interface DocumentSnapshot {
  readonly type: 'INVOICE' | 'CREDIT_NOTE';
  readonly number: string;
  readonly issuedOn: string;
  readonly dueOn: string;
  readonly seller: string;
  readonly sellerDetails?: PartyDetails;
  readonly customer: { readonly id: string; readonly name: string; readonly email: string | null };
  readonly customerDetails?: PartyDetails;
  readonly credits?: string;
  readonly reason?: string | null;
  readonly currency: string;
  readonly lines: readonly {
    readonly description: string;
    /** It takes off what another line charges. */
    readonly discount?: boolean;
    readonly from: string;
    readonly to: string;
    readonly days: number;
    readonly ofDays: number;
    readonly net: string;
    readonly tax: string;
    /** Net and tax together are what the price promised. */
    readonly taxIncluded?: boolean;
    /** Which of `taxes` it is under, by place. */
    readonly taxes?: readonly number[];
  }[];
  readonly taxes: readonly {
    readonly component: string;
    readonly name: string;
    readonly category: string;
    readonly percent?: string;
    readonly base: string;
    readonly tax: string;
    readonly reason?: string;
  }[];
  readonly net: string;
  readonly tax: string;
  readonly gross: string;
}

export const snapshotOfText = (text: string): DocumentSnapshot => JSON.parse(text) as DocumentSnapshot;

/** The last day of a half-open interval, or its only day. ISO dates. */
export function lastDay(from: string, to: string): string {
  return to <= from ? from : Temporal.PlainDate.from(to).subtract({ days: 1 }).toString();
}
