import { createHash } from 'node:crypto';
import { rational } from '@dotmac/platform/money/rational';
import type { Day } from '../calendar/rules.ts';
import { type BilledLine, type ChargeLine, charge, nextDueOn, type ServiceLine } from '../charge/rules.ts';
import { DEFAULT_POLICY } from '../charge/rules-policy.ts';
import { discountLines, explainDiscount, type RecurringDiscount } from '../discount/rules.ts';
import { type Draft, type DraftLine, draftText } from '../document/rules-draft.ts';
import type { Explanation } from '../explanation/rules.ts';
import { feeLine, type OpenFee } from '../fee/rules.ts';
import { type UsageSnapshot, usageLines } from '../metering/rules-usage.ts';
import { canonicalJson } from '../numbering/rules.ts';
import type { PrepaidStanding } from '../prepaid/rules.ts';
import {
  heldPrice,
  type StoredServiceEvent,
  serviceHistory,
  type Version,
  versionOfKey,
} from '../service-line/rules.ts';
import { calculateTax } from '../tax/rules.ts';
import type { TaxComponent, TaxExemption } from '../tax/rules-types.ts';
import { type OverageSnapshot, overageLines } from '../usage/rules-overage.ts';

/** Everything that decides what an account is charged, read in one go. */
export interface AccountSnapshot {
  readonly customerId: string;
  readonly name: string;
  readonly email: string | null;
  readonly currency: string;
  readonly anchorDay: number | null;
  readonly paymentTermDays: number;
  readonly taxJurisdictions: readonly string[];
  readonly exemptions: readonly TaxExemption[];
  /** Whether its prices include their tax; null: as each plan and fee says. */
  readonly pricesIncludeTax?: boolean | null;
  readonly lines: readonly {
    readonly id: string;
    readonly settledBefore: Day | null;
    readonly events: readonly StoredServiceEvent[];
    /** Of the periods that are not settled. */
    readonly billed: readonly BilledLine[];
    /** In the order of application. */
    readonly discounts: readonly AccountDiscount[];
    /** What was used, where a version of the plan charges for what is beyond its cap. */
    readonly overage?: OverageSnapshot | null;
  }[];
  /** That are on no document yet. */
  readonly fees: readonly OpenFee[];
  readonly usage: UsageSnapshot | null;
  /** Of a customer who pays ahead. */
  readonly prepaid?: PrepaidStanding | null;
}

/** A discount of a service line, with the life of its own line of charges. */
interface AccountDiscount extends RecurringDiscount {
  readonly name: string;
  readonly settledBefore: Day | null;
  readonly billed: readonly BilledLine[];
}

export type BillResult =
  | { readonly ok: true; readonly draft: Draft | null; readonly nextBillOn: Day | null }
  | { readonly ok: false; readonly customerId: string; readonly message: string };

/** Its `net` is what the price says: with the tax where that is included. */
export type UntaxedLine = Omit<DraftLine, 'tax' | 'taxParts'>;

export type ChargesResult =
  | { readonly ok: true; readonly lines: readonly UntaxedLine[]; readonly nextBillOn: Day | null }
  | Extract<BillResult, { readonly ok: false }>;

/**
 * What an account is charged on a run date: one document, or nothing. Tax components come by jurisdiction. Pure: preview, single invoice and mass run are
 * this function, and a re-run on what it wrote yields nothing.
 */
export function bill(
  account: AccountSnapshot,
  runDate: Day,
  taxComponents: ReadonlyMap<string, readonly TaxComponent[]>,
): BillResult {
  const charges = chargesOf(account, runDate);
  return charges.ok
    ? documentOf(account, charges.lines, charges.nextBillOn, runDate, taxComponents)
    : charges;
}

/** The lines that are still missing on a run date, before tax, and when to look again. Pure. */
export function chargesOf(account: AccountSnapshot, runDate: Day): ChargesResult {
  const fail = (message: string) => ({ ok: false, customerId: account.customerId, message }) as const;
  const untaxed: UntaxedLine[] = [];
  let next: Day | null = null;
  const look = (day: Day | undefined) => {
    if (day !== undefined && (next === null || day < next)) next = day;
  };
  for (const { id, events, billed, settledBefore, discounts, overage } of account.lines) {
    const anchorDay = account.anchorDay ?? 1;
    const terms = {
      anchorDay,
      currency: account.currency,
      pricesIncludeTax: account.pricesIncludeTax ?? null,
    };
    const history = serviceHistory(events, terms);
    if (!history.ok) return fail(`service ${id}: ${history.message}`);
    const line: ServiceLine = {
      id,
      events: history.events,
      ...(settledBefore === null ? {} : { settledBefore }),
    };
    const charged = charge(line, billed, DEFAULT_POLICY, runDate);
    if (!charged.ok) return fail(`service ${id}: ${charged.error.message}`);
    untaxed.push(...described(charged.lines, billed, events));
    look(nextDueOn(line, DEFAULT_POLICY, runDate));
    for (const [index, reduced] of discountLines({ id, events: history.events }, discounts).entries()) {
      const discount = discounts[index];
      if (discount === undefined) continue;
      const own =
        discount.settledBefore === null ? reduced : { ...reduced, settledBefore: discount.settledBefore };
      const taken = charge(own, discount.billed, DEFAULT_POLICY, runDate);
      if (!taken.ok) return fail(`discount ${discount.id}: ${taken.error.message}`);
      untaxed.push(...discounted(taken.lines, discounts, index, events));
      look(nextDueOn(own, DEFAULT_POLICY, runDate));
    }
    if (overage != null) {
      const over = overageLines(id, events, overage, terms, runDate);
      untaxed.push(...over.lines);
      look(over.next);
    }
  }
  for (const fee of account.fees) {
    if (fee.currency !== account.currency)
      return fail(`fee ${fee.id}: it is in ${fee.currency}, the account in ${account.currency}`);
    if (fee.on <= runDate) untaxed.push(feeLine(fee, account.pricesIncludeTax ?? null));
    else look(fee.on);
  }
  if (account.usage !== null) {
    const usage = usageLines(account.usage, account.anchorDay ?? 1, runDate);
    if (!usage.ok) return fail(`subscribers of ${account.usage.serviceLineId}: ${usage.message}`);
    untaxed.push(...usage.lines);
    look(usage.next);
  }
  return { ok: true, lines: untaxed, nextBillOn: next };
}

/** The document of an account over lines, taxed as the account is. Pure. */
export function documentOf(
  account: AccountSnapshot,
  untaxed: readonly UntaxedLine[],
  next: Day | null,
  runDate: Day,
  taxComponents: ReadonlyMap<string, readonly TaxComponent[]>,
): BillResult {
  if (untaxed.length === 0) return { ok: true, draft: null, nextBillOn: next };
  const taxed = calculateTax(
    untaxed.map((line) => ({
      amount: line.net,
      inclusive: line.taxInclusive,
      quantity: 1n,
      productClass: line.productClass,
      // Of the period, not of the piece: a credit is taxed as its charge was.
      taxPoint: line.periodFrom,
    })),
    account.taxJurisdictions.flatMap((jurisdiction) => taxComponents.get(jurisdiction) ?? []),
    {
      jurisdictions: account.taxJurisdictions,
      customerClass: 'consumer',
      exemptions: account.exemptions,
      rounding: 'perRate',
    },
  );
  if (!taxed.ok) {
    const { field, message } = taxed.error;
    return { ok: false, customerId: account.customerId, message: `${field}: ${message}` };
  }
  const gross = taxed.net + taxed.tax;
  return {
    ok: true,
    nextBillOn: next,
    draft: {
      type: gross < 0n ? 'CREDIT_NOTE' : 'INVOICE',
      customerId: account.customerId,
      customerName: account.name,
      customerEmail: account.email,
      currency: account.currency,
      runDate,
      paymentTermDays: account.paymentTermDays,
      lines: untaxed.map((line, index) => {
        const tax = taxed.lines[index]?.tax ?? 0n;
        const taxParts = taxed.lines[index]?.parts ?? [];
        return line.taxInclusive === true ? netOfTax(line, tax, taxParts) : { ...line, tax, taxParts };
      }),
      taxes: taxed.subtotals,
      net: taxed.net,
      tax: taxed.tax,
      gross,
      creditsDocumentId: null,
      reason: null,
    },
  };
}

/** A line whose price includes its tax: the net is what the tax leaves of it. */
function netOfTax(line: UntaxedLine, tax: bigint, taxParts: DraftLine['taxParts']): DraftLine {
  const { net: gross, explanation } = line;
  return {
    ...line,
    net: gross - tax,
    tax,
    taxParts,
    explanation: {
      rule: 'tax.included',
      version: 1,
      inputs: { gross: `${gross}`, tax: `${tax}` },
      formula: 'gross - tax',
      facts: explanation.facts,
      parts: { gross: explanation },
    },
  };
}

/** Gives charge lines their names, and each its place among the lines of its key. */
function described(
  lines: readonly ChargeLine[],
  billed: readonly BilledLine[],
  events: readonly StoredServiceEvent[],
): UntaxedLine[] {
  if (lines.length === 0) return [];
  const keyOf = (line: { priceKey: string; periodFrom: Day; periodTo: Day }) =>
    `${line.priceKey}|${line.periodFrom}|${line.periodTo}`;
  const count = new Map<string, number>();
  for (const line of billed) count.set(keyOf(line), (count.get(keyOf(line)) ?? 0) + 1);
  const versions = new Map<string, Version>();
  for (const { version } of events) if (version !== null) versions.set(version.id, version);
  return lines.map((line) => {
    const correction = count.get(keyOf(line)) ?? 0;
    count.set(keyOf(line), correction + 1);
    const { id, percent } = versionOfKey(line.priceKey);
    const version = versions.get(id);
    const { amount, explanation, ...rest } = line;
    return {
      ...rest,
      explanation:
        percent === undefined || version === undefined
          ? explanation
          : { ...explanation, parts: { price: explainHeld(version, percent) } },
      description: version === undefined ? line.priceKey : nameOf(version, percent),
      productClass: version?.productClass ?? 'other',
      correction,
      net: amount,
    };
  });
}

/** As `described`, under the name of the discount, and with what its price follows from. */
function discounted(
  lines: readonly ChargeLine[],
  discounts: readonly AccountDiscount[],
  index: number,
  events: readonly StoredServiceEvent[],
): UntaxedLine[] {
  const discount = discounts[index];
  if (discount === undefined) return [];
  const suffix = `/${discount.id}`;
  return described(lines, discount.billed, events).map((line) => {
    const versionId = line.priceKey.slice(0, -suffix.length);
    const { id, percent } = versionOfKey(versionId);
    const version = events.find((event) => event.version?.id === id)?.version;
    if (version == null) return { ...line, description: discount.name };
    const full =
      percent === undefined ? rational(version.priceMinor) : heldPrice(version.priceMinor, percent);
    const price = explainDiscount(full, discounts.slice(0, index), discount);
    return {
      ...line,
      description: `${nameOf(version, percent)}: ${discount.name}`,
      productClass: version.productClass,
      explanation: { ...line.explanation, parts: { price } },
    };
  });
}

const nameOf = ({ planName }: Version, percent: string | undefined): string =>
  percent === undefined ? planName : `${planName}, on hold at ${percent} %`;

/** Why the price of a service on hold is what it is. */
const explainHeld = ({ id, priceMinor }: Version, percent: string): Explanation => ({
  rule: 'hold.price',
  version: 1,
  inputs: { list: `${priceMinor}`, percent },
  formula: 'list * percent / 100',
  facts: { priceVersion: id },
});

/** SHA-256 (hex) over what a set of drafts would do, whatever their order. */
export function fingerprintOf(drafts: readonly Draft[]): string {
  const texts = drafts.map((draft) => canonicalJson(draftText(draft))).sort();
  return createHash('sha256').update(texts.join('\n')).digest('hex');
}
