import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';
import { dayOfText } from '../run/run.ts';
import type { ContractTerm, EarlyTermination } from './rules.ts';

type FeeKind = 'none' | EarlyTermination['type'];
export type Contract = Omit<Selectable<TenantDatabase['billing.contract']>, 'feeKind'> & {
  readonly feeKind: FeeKind;
  /** By which holds lengthen the term. */
  readonly extensionDays?: number;
};

export const termOf = ({
  startedOn,
  months,
  noticeDays,
  renewMonths,
  extensionDays,
}: Contract): ContractTerm => ({
  extensionDays: extensionDays ?? 0,
  startedOn: dayOfText(startedOn),
  months,
  noticeDays,
  renewMonths,
});

/** What leaving early costs; undefined when nothing was agreed. */
export function feeOf(contract: Contract): EarlyTermination | undefined {
  const { feeKind, feeMinor, feePercent, monthlyRateMinor } = contract;
  switch (feeKind) {
    case 'none':
      return undefined;
    case 'remainingMonths':
      return { type: feeKind, monthlyRate: monthlyRateMinor ?? 0n, percent: feePercent ?? '0' };
    default:
      return { type: feeKind, amount: feeMinor ?? 0n };
  }
}

export async function insertContract(
  transaction: Transaction<TenantDatabase>,
  contract: Contract,
): Promise<Contract> {
  const row = await transaction
    .insertInto('billing.contract')
    .values(contract)
    .returningAll()
    .executeTakeFirstOrThrow();
  return row as Contract;
}

/** The contracts that run, of these services. */
export async function runningContracts(
  db: Executor<TenantDatabase>,
  serviceLineIds: readonly string[],
): Promise<Contract[]> {
  return (await db
    .selectFrom('billing.contract as contract')
    .selectAll('contract')
    .select(
      sql<number>`coalesce((select sum(h.to_day - h.from_day)::int from billing.hold h
        where h.service_line_id = contract.service_line_id and h.extends_contract and h.to_day is not null
          and h.from_day >= contract.started_on), 0)`.as('extensionDays'),
    )
    .where('serviceLineId', 'in', serviceLineIds)
    .where('endedOn', 'is', null)
    .execute()) as Contract[];
}

export async function updateContract(
  transaction: Transaction<TenantDatabase>,
  id: string,
  change: Partial<Pick<Contract, 'endedOn' | 'waivedBecause' | 'waivedBy'>>,
): Promise<Contract> {
  const row = await transaction
    .updateTable('billing.contract')
    .set(change)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
  return row as Contract;
}
