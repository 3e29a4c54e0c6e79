import { type Day, formatDay } from '../calendar/rules.ts';
import type { Draft } from '../document/rules-draft.ts';
import { type AccountSnapshot, bill, chargesOf, documentOf, type UntaxedLine } from '../run/rules.ts';
import type { TaxComponent } from '../tax/rules-types.ts';

export type PayerMode = 'consolidated' | 'summary' | 'passThrough';

/** Accounts that are billed together: a payer, and those whom he pays for. */
export interface Group {
  readonly payerId: string;
  readonly modes: ReadonlyMap<string, PayerMode>;
}

export interface GroupBill {
  readonly drafts: Draft[];
  readonly problems: { readonly customerId: string; readonly message: string }[];
  readonly settled: { readonly customerId: string; readonly nextBillOn: string | null }[];
}

/**
 * Bills a group on a run date. Consolidated members stand on one document with what the payer himself is charged, taxed
 * as he is; every other member has his own document, taxed as he is, that the payer owes by his own term. Pure.
 */
export function billGroup(
  group: Group,
  snapshots: readonly AccountSnapshot[],
  runDate: Day,
  taxes: ReadonlyMap<string, readonly TaxComponent[]>,
): GroupBill {
  const result: GroupBill = { drafts: [], problems: [], settled: [] };
  const payer = snapshots.find(({ customerId }) => customerId === group.payerId);
  if (payer === undefined) return result;
  const shared: UntaxedLine[] = [];
  const settle = (customerId: string, next: Day | null) =>
    result.settled.push({ customerId, nextBillOn: next === null ? null : formatDay(next) });
  // His own lines come first.
  for (const snapshot of [payer, ...snapshots.filter((one) => one !== payer)]) {
    const { customerId } = snapshot;
    const mode = group.modes.get(customerId);
    if (mode === undefined || mode === 'consolidated') {
      const charges = chargesOf(snapshot, runDate);
      if (!charges.ok) {
        result.problems.push({ customerId, message: charges.message });
        continue;
      }
      shared.push(
        ...charges.lines.map((line) =>
          mode === undefined ? line : { ...line, description: `${snapshot.name}: ${line.description}` },
        ),
      );
      settle(customerId, charges.nextBillOn);
      continue;
    }
    const own = bill({ ...snapshot, paymentTermDays: payer.paymentTermDays }, runDate, taxes);
    if (!own.ok) {
      result.problems.push({ customerId, message: own.message });
      continue;
    }
    if (own.draft !== null) result.drafts.push({ ...own.draft, payerId: payer.customerId });
    settle(customerId, own.nextBillOn);
  }
  const document = documentOf(payer, shared, null, runDate, taxes);
  if (document.ok)
    return document.draft === null ? result : { ...result, drafts: [document.draft, ...result.drafts] };
  // Nothing of what would stand on it is settled.
  const isShared = (customerId: string) => {
    const mode = group.modes.get(customerId);
    return mode === undefined || mode === 'consolidated';
  };
  return {
    ...result,
    problems: [
      ...result.problems,
      ...result.settled
        .filter(({ customerId }) => isShared(customerId))
        .map(({ customerId }) => ({ customerId, message: document.message })),
    ],
    settled: result.settled.filter(({ customerId }) => !isShared(customerId)),
  };
}
