import { createHash } from 'node:crypto';
import type { Day } from '../calendar/rules.ts';
import type { BilledLine } from '../charge/rules.ts';
import { type Draft, type DraftLine, snapshotOf } from '../document/rules-draft.ts';
import { type Canonical, canonicalJson } from '../numbering/rules.ts';
import { type AccountSnapshot, bill } from '../run/rules.ts';
import type { TaxComponent } from '../tax/rules-types.ts';

/** What an account is charged now, and with the next period: documents as a run would issue them. */
export interface AccountPreview {
  readonly now: Draft | null;
  readonly nextOn: Day | null;
  readonly next: Draft | null;
}

export type PreviewResult =
  | { readonly ok: true; readonly preview: AccountPreview }
  | { readonly ok: false; readonly message: string };

const asBilled = ({ kind, net, tax, ...line }: DraftLine): BilledLine => ({
  ...line,
  kind: kind === 'credit' || kind === 'adjustment' ? kind : 'recurring',
  amount: line.taxInclusive === true ? net + tax : net,
});

/** The account as it stands once a document is issued on a day. */
export function afterwards(account: AccountSnapshot, draft: Draft | null, today: Day): AccountSnapshot {
  const lines = draft?.lines ?? [];
  const billedOf = (id: string) => lines.filter(({ serviceLineId }) => serviceLineId === id).map(asBilled);
  const charged = new Set(lines.map(({ serviceLineId }) => serviceLineId));
  return {
    ...account,
    lines: account.lines.map((line) => ({
      ...line,
      settledBefore: today,
      billed: [...line.billed, ...billedOf(line.id)],
      discounts: line.discounts.map((discount) => ({
        ...discount,
        settledBefore: today,
        billed: [...discount.billed, ...billedOf(`${line.id}/${discount.id}`)],
      })),
      overage:
        line.overage == null
          ? null
          : { ...line.overage, billed: [...line.overage.billed, ...billedOf(line.overage.lineId)] },
    })),
    fees: account.fees.filter(({ id }) => !charged.has(id)),
    usage:
      account.usage === null
        ? null
        : { ...account.usage, billed: [...account.usage.billed, ...billedOf(account.usage.serviceLineId)] },
  };
}

/** Bills today, and again on the next day on which something is due, as if the first had been issued. Pure. */
export function previewOf(
  account: AccountSnapshot,
  today: Day,
  taxes: ReadonlyMap<string, readonly TaxComponent[]>,
): PreviewResult {
  const now = bill(account, today, taxes);
  if (!now.ok) return now;
  const then = afterwards(account, now.draft, today);
  let nextOn = now.nextBillOn;
  // On some days there is only something to look at, such as the end of a hold whose period is paid.
  for (let looked = 0; nextOn !== null && looked < mostLooks; looked += 1) {
    const next = bill(then, nextOn, taxes);
    if (!next.ok) return next;
    if (next.draft !== null || next.nextBillOn === null)
      return { ok: true, preview: { now: now.draft, nextOn, next: next.draft } };
    nextOn = next.nextBillOn;
  }
  return { ok: true, preview: { now: now.draft, nextOn, next: null } };
}

const mostLooks = 50;

/** SHA-256 (hex) over what was asked for and everything that it would cost. */
export function previewFingerprint(request: Canonical, { now, nextOn, next }: AccountPreview): string {
  const issued = { number: '', issuedOn: '', dueOn: '', seller: '' };
  // Without the keys of lines: a fee that would be charged has another id in every preview.
  const text = (draft: Draft | null) => (draft === null ? null : snapshotOf(draft, issued));
  const all = canonicalJson({ request, now: text(now), nextOn, next: text(next) });
  return createHash('sha256').update(all).digest('hex');
}
