import type { TenantDatabase } from '@dotmac/migrations';
import { newId } from '@dotmac/platform';
import { ValidationError } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { type Account, expectCharge } from '../account/store.ts';
import type { BillingServices } from '../builder.ts';
import { formatDay } from '../calendar/rules.ts';
import { dayOfText } from '../run/run.ts';
import { historiesOfLines } from '../service-line/histories.ts';
import { discountEnd } from '../service-line/rules.ts';
import { type Discount, insertDiscount } from './store.ts';

/** What is granted; the value is checked already. Days are ISO dates. */
export interface Grant {
  readonly serviceLineId: string;
  readonly name: string;
  readonly percent: string | null;
  readonly amountMinor: bigint | null;
  readonly from: string;
  /** The first day without it; null: for good, or for so many periods. */
  readonly until?: string | null;
  readonly periods: number | null;
  readonly grantedBy: string;
}

/**
 * Grants a discount to a service of this account, which is locked.
 * @throws ValidationError when the days make no sense
 */
export async function grantDiscount(
  transaction: Transaction<TenantDatabase>,
  { clock }: Pick<BillingServices, 'clock'>,
  account: Account,
  { serviceLineId, name, percent, amountMinor, from, until, periods, grantedBy }: Grant,
): Promise<Discount> {
  let to = until ?? null;
  if (periods !== null) {
    const [history] = await historiesOfLines(transaction, [serviceLineId]);
    const terms = { ...account, anchorDay: account.anchorDay ?? 1 };
    const end = discountEnd(history?.events ?? [], terms, dayOfText(from), periods);
    if (!end.ok) throw new ValidationError('input.periods', end.message);
    to = formatDay(end.to);
  }
  if (to !== null && to <= from)
    throw new ValidationError('input.until', `It must lie after the first day, ${from}`);
  const discount = await insertDiscount(transaction, {
    id: newId('dsc', clock),
    serviceLineId,
    customerId: account.customerId,
    name,
    percent,
    amountMinor,
    fromDay: from,
    toDay: to,
    grantedBy,
  });
  await expectCharge(transaction, account.customerId, from);
  return discount;
}
