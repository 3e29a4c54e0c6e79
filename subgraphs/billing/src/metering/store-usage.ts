import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { sql } from 'kysely';
import { type Day, parseDay } from '../calendar/rules.ts';
import { versionOf } from '../catalogue/store.ts';
import type { BilledLine } from '../charge/rules.ts';
import { idArray } from '../database/id-array.ts';
import type { DailyCount } from './rules.ts';
import type { RestatedDay, UsageSnapshot } from './rules-usage.ts';

interface MeteredAccount {
  readonly customerId: string;
  readonly tenantId: string | null;
  readonly rateCardPlanId: string | null;
  readonly liveFrom: Day | null;
}

export const usageLineId = (tenantId: string): string => `usage:${tenantId}`;

/** The usage of platform accounts among these; costs nothing where there are none. */
export async function usageSnapshots(
  db: Executor<TenantDatabase>,
  accounts: readonly MeteredAccount[],
  billed: ReadonlyMap<string, readonly BilledLine[]>,
): Promise<Map<string, UsageSnapshot>> {
  const metered = accounts.flatMap((account) =>
    account.tenantId === null || account.rateCardPlanId === null || account.liveFrom === null
      ? []
      : [
          {
            ...account,
            tenantId: account.tenantId,
            planId: account.rateCardPlanId,
            liveFrom: account.liveFrom,
          },
        ],
  );
  if (metered.length === 0) return new Map();
  const lineIds = metered.map(({ tenantId }) => usageLineId(tenantId));
  const { rows: settled } = await sql<{ id: string; settledBefore: Day | null }>`
    select id, settled_before - date '1970-01-01' as "settledBefore" from billing.service_line
    where id = any(${idArray(lineIds)})`.execute(db);
  const tenantIds = metered.map(({ tenantId }) => tenantId);
  const { rows: restated } = await sql<RestatedDay & { tenantId: string }>`
    select distinct on (tenant_id, local_date) tenant_id as "tenantId", local_date - date '1970-01-01' as day, because
    from billing.tenant_day_restatement where tenant_id = any(${idArray(tenantIds)})
    order by tenant_id, local_date, revision desc`.execute(db);
  // A month is at most 31 days, so that a restated day has all of its own.
  const { rows: counts } = await sql<DailyCount & { tenantId: string }>`
    select tenant_id as "tenantId", local_date - date '1970-01-01' as day, active_subscribers as active
    from billing.standing_tenant_day d
    where tenant_id = any(${idArray(tenantIds)})
      and (local_date >= coalesce((select settled_before - 31 from billing.service_line where id = 'usage:' || tenant_id), '-infinity'::date)
        or exists (select from billing.tenant_day_restatement r
          where r.tenant_id = d.tenant_id and r.local_date between d.local_date - 31 and d.local_date + 31))
    order by tenant_id, local_date`.execute(db);
  const settledBills = restated.length === 0 ? [] : await billedRestated(db, tenantIds);
  const cards = await db
    .selectFrom('billing.planVersion as version')
    .innerJoin('billing.plan as plan', 'plan.id', 'version.planId')
    .selectAll('version')
    .select('plan.name as planName')
    .where('plan.id', 'in', [...new Set(metered.map(({ planId }) => planId))])
    .orderBy('version.version')
    .execute();
  return new Map(
    metered.flatMap(({ customerId, tenantId, planId, liveFrom }) => {
      const own = cards.filter((card) => card.planId === planId);
      const id = usageLineId(tenantId);
      const snapshot: UsageSnapshot = {
        serviceLineId: id,
        liveFrom,
        settledBefore: settled.find((one) => one.id === id)?.settledBefore ?? null,
        cards: own.map((row) => {
          const { id: version, bands, minimumMinor, effectiveFrom } = versionOf(row);
          return {
            version,
            bands: bands ?? [],
            ...(minimumMinor === null ? {} : { minimum: minimumMinor }),
            effectiveFrom: parseDay(effectiveFrom) ?? 0,
          };
        }),
        planName: own[0]?.planName ?? planId,
        productClass: own.at(-1)?.productClass ?? 'other',
        counts: counts.filter((count) => count.tenantId === tenantId),
        restated: restated.filter((day) => day.tenantId === tenantId),
        billed: [
          ...(billed.get(id) ?? []),
          ...settledBills.filter(({ serviceLineId }) => serviceLineId === id),
        ],
      };
      return [[customerId, snapshot] as const];
    }),
  );
}

/** What was billed of months that are settled and have a restated day. */
async function billedRestated(
  db: Executor<TenantDatabase>,
  tenantIds: readonly string[],
): Promise<(BilledLine & { readonly serviceLineId: string })[]> {
  const { rows } = await sql<Omit<BilledLine, 'kind' | 'price'> & { serviceLineId: string; net: bigint }>`
    select b.service_line_id as "serviceLineId", b.price_key as "priceKey", b.day_count as "dayCount",
      b.period_from - date '1970-01-01' as "periodFrom", b.period_to - date '1970-01-01' as "periodTo",
      b.from_day - date '1970-01-01' as "from", b.to_day - date '1970-01-01' as "to", b.net_minor as amount
    from billing.service_line l join billing.document_line b on b.service_line_id = l.id
    where l.id = any(${idArray(tenantIds.map(usageLineId))}) and b.period_to <= l.settled_before
      and exists (select from billing.tenant_day_restatement r where 'usage:' || r.tenant_id = l.id
        and r.local_date >= b.period_from and r.local_date < b.period_to)
    order by b.service_line_id, b.period_from, b.correction`.execute(db);
  return rows.map((row) => ({ ...row, kind: 'recurring', price: { num: row.amount, den: 1n } }));
}
