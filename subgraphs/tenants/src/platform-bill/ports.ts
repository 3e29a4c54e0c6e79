import type { Bundle } from '@dotmac/schema';

/*
 * What the operator's books (tenant zero) say of one tenant, as the graph there writes it. The control plane keeps no
 * copy: every answer is the books' own, and the account is always that of the principal's tenant.
 */

/** Minor units as text. */
export interface BookedAmount {
  readonly amount: string;
  readonly currency: string;
}

export interface BookedExplanation {
  readonly rule: string;
  readonly version: number;
  readonly formula: string;
  readonly arithmetic: string;
  readonly inputs: readonly { readonly name: string; readonly value: string }[];
  readonly facts: readonly { readonly name: string; readonly value: string }[];
  /** Two levels at most; absent below. */
  readonly parts?: readonly { readonly input: string; readonly explanation: BookedExplanation }[];
}

export interface BookedLine {
  readonly description: string;
  readonly from: string;
  readonly to: string;
  readonly days: number;
  readonly ofDays: number;
  readonly net: BookedAmount;
  readonly tax: BookedAmount;
  readonly explain: BookedExplanation;
}

export interface BookedTax {
  readonly name: string;
  readonly percent: string | null;
  readonly base: BookedAmount;
  readonly tax: BookedAmount;
}

export interface BookedInvoice {
  readonly number: string;
  readonly issuedOn: string;
  readonly dueOn: string;
  readonly net: BookedAmount;
  readonly tax: BookedAmount;
  readonly gross: BookedAmount;
  readonly open: BookedAmount;
  readonly state: string;
  readonly overdue: boolean;
  readonly hash: string;
  readonly snapshot: string;
  readonly lines: readonly BookedLine[];
  readonly taxes: readonly BookedTax[];
}

interface BookedPage {
  readonly edges: readonly { readonly cursor: string; readonly node: BookedInvoice }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
}

export interface BookedCard {
  readonly name: string;
  readonly versions: readonly {
    readonly version: number;
    readonly effectiveFrom: string;
    readonly bands: readonly { readonly upTo: string | null; readonly unitPrice: string }[] | null;
    readonly minimum: BookedAmount | null;
    readonly price: BookedAmount;
  }[];
}

export interface BookedDay {
  readonly localDate: string;
  readonly activeSubscribers: number;
  readonly digest: string | null;
  /** As it was counted, whatever was restated since. */
  readonly countedSubscribers: number;
  /** Oldest first; the last one holds. */
  readonly restatements: readonly {
    readonly activeSubscribers: number;
    readonly added: readonly string[];
    readonly removed: readonly string[];
    readonly digest: string;
    readonly because: string;
    readonly restatedAt: string;
  }[];
}

export interface BookedTrial {
  readonly paidFrom: string;
  readonly daysLeft: number;
  readonly coversBundles: boolean;
  readonly firstInvoiceOn: string;
}

export interface BookedOffer {
  readonly bundle: Bundle;
  readonly plan: { readonly name: string; readonly price: BookedAmount | null };
  readonly on: boolean;
  readonly paidFrom: string | null;
}

export interface BookedAccount {
  readonly liveFrom: string;
  readonly balance: BookedAmount;
  readonly rateCard: BookedCard;
  readonly trial: BookedTrial | null;
  readonly bundles: readonly BookedOffer[];
}

export interface BookedQuoteLine {
  readonly description: string;
  readonly from: string;
  readonly to: string;
  readonly net: BookedAmount;
}

export interface BookedSwitch {
  readonly done: boolean;
  readonly fingerprint: string;
  readonly from: string;
  /** What would be issued today. */
  readonly now: { readonly gross: BookedAmount; readonly lines: readonly BookedQuoteLine[] } | null;
}

interface SwitchWish {
  readonly bundle: Bundle;
  readonly on: boolean;
  /** Null only asks what it would cost. */
  readonly fingerprint: string | null;
}

export interface BookedFile {
  readonly mediaType: string;
  readonly fileName: string;
  readonly base64: string;
}

export interface PlatformBooks {
  /** Null while the tenant has no account: it is not live yet, or it is tenant zero itself. */
  account(tenantId: string): Promise<BookedAccount | null>;
  /** Newest first. */
  invoices(
    tenantId: string,
    page: { readonly first: number; readonly after: string | null },
  ): Promise<BookedPage>;
  /** Null when the tenant has no invoice of this number. */
  invoice(tenantId: string, number: string): Promise<BookedInvoice | null>;
  /** As a person or a machine reads it. Null as above. */
  file(tenantId: string, number: string, format: 'PDF' | 'UBL'): Promise<BookedFile | null>;
  /** The counts of the days [from, to), as the books have them. */
  days(tenantId: string, from: string, to: string): Promise<readonly BookedDay[]>;
  /** @throws ConflictError, NotFoundError, StalePlanError as the books say them */
  switchBundle(tenantId: string, wish: SwitchWish): Promise<BookedSwitch>;
  /** @returns the first day that is paid for. @throws ConflictError, NotFoundError */
  endTrial(tenantId: string): Promise<string>;
}
