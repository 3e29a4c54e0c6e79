import type { Day } from '../calendar/rules.ts';
import type { BilledLine } from '../charge/rules.ts';
import type { Draft } from '../document/rules-draft.ts';
import { retold } from '../explanation/rules.ts';
import type { StoredServiceEvent } from '../service-line/rules.ts';
import type { TaxComponent } from '../tax/rules-types.ts';
import { type AccountSnapshot, type BillResult, bill } from './rules.ts';

/** More days than a month has. */
const aMonth = 31;

/**
 * `bill` for accounts that were read together. Most customers are charged what another one is: the first of those is
 * billed, and the others' drafts are his with their own names and services. A test holds the two to each other.
 */
export function billAlike(
  runDate: Day,
  taxes: ReadonlyMap<string, readonly TaxComponent[]>,
): (account: AccountSnapshot) => BillResult {
  const firsts = new Map<string, First>();
  return (account) => {
    const likeness = likenessOf(account, runDate);
    const first = likeness === null ? undefined : firsts.get(likeness);
    if (first !== undefined) return asFirst(first, account);
    const result = bill(account, runDate, taxes);
    // What is wrong with an account is said with its own ids.
    if (likeness !== null && result.ok) firsts.set(likeness, firstOf(account, result));
    return result;
  };
}

/** The first of those who are charged alike. */
interface First {
  readonly result: Extract<BillResult, { readonly ok: true }>;
  /** For each line of the draft, the place of its service in the account. */
  readonly places: readonly number[];
}

function firstOf(account: AccountSnapshot, result: First['result']): First {
  const places = new Map(account.lines.map(({ id }, place) => [id, place]));
  return {
    result,
    places: (result.draft?.lines ?? []).map(({ serviceLineId }) => places.get(serviceLineId) ?? -1),
  };
}

function asFirst({ result, places }: First, account: AccountSnapshot): BillResult {
  const like = result.draft;
  if (like === null) return result;
  const draft: Draft = {
    ...like,
    customerId: account.customerId,
    customerName: account.name,
    customerEmail: account.email,
    lines: like.lines.map((line, index) => {
      const serviceLineId = account.lines[places[index] ?? -1]?.id;
      if (serviceLineId === undefined) throw new Error('A draft has a line of a service that is not there');
      return {
        ...line,
        serviceLineId,
        explanation: retold(line.explanation, 'serviceLine', line.serviceLineId, serviceLineId),
      };
    }),
    like,
  };
  return { ...result, draft };
}

/** All that decides what an account is charged, except whose it is; null when its draft is nobody else's. */
function likenessOf(account: AccountSnapshot, runDate: Day): string | null {
  if (account.fees.length > 0 || account.exemptions.length > 0 || account.usage !== null) return null;
  let text = `${account.currency} ${account.anchorDay} ${account.paymentTermDays} ${account.pricesIncludeTax}`;
  for (const jurisdiction of account.taxJurisdictions) text += ` ${jurisdiction}`;
  for (const { settledBefore, events, billed, discounts, overage } of account.lines) {
    if (discounts.length > 0 || overage != null) return null;
    text += `\nline ${settledBefore}`;
    // How long ago the only event of a service was no longer matters to one by the month.
    const old =
      events.length === 1 && settledBefore !== null ? Math.min(settledBefore, runDate) - aMonth : null;
    for (const event of events) text += eventText(event, old);
    for (const line of billed) text += billedText(line);
  }
  return text;
}

function eventText({ type, on, percent, version }: StoredServiceEvent, old: Day | null): string {
  const monthly = version?.interval.unit === 'month' && version.interval.count === 1;
  return `\n${type} ${monthly && old !== null && on < old ? 'before' : on} ${percent} ${version?.id}`;
}

const billedText = ({ priceKey, price, periodFrom, periodTo, dayCount, taxInclusive, ...line }: BilledLine) =>
  `\n${line.kind} ${priceKey} ${price.num}/${price.den} ${periodFrom} ${periodTo} ${dayCount} ${taxInclusive} ${line.from} ${line.to} ${line.amount}`;
