import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { sql } from 'kysely';
import { idArray } from '../database/id-array.ts';
import type { HoldSpan } from './rules.ts';

/** The holds of these customers' services, by service. */
export async function holdSpans(
  db: Executor<TenantDatabase>,
  customerIds: readonly string[],
): Promise<Map<string, HoldSpan[]>> {
  const { rows } = await sql<HoldSpan & { serviceLineId: string }>`
    select service_line_id as "serviceLineId", from_day - date '1970-01-01' as "from",
      to_day - date '1970-01-01' as "to", trim_scale(percent)::text as percent
    from billing.hold where customer_id = any(${idArray(customerIds)})
    order by service_line_id, from_day, id`.execute(db);
  return Map.groupBy(rows, ({ serviceLineId }) => serviceLineId);
}

/** The holds that concern a line: its own, and those of the service that it stands beside. */
export const holdsOfLine = (holds: ReadonlyMap<string, HoldSpan[]>, lineId: string): HoldSpan[] => {
  const beside = /^addon:([^:]+):/.exec(lineId)?.[1];
  return [...(holds.get(lineId) ?? []), ...(beside === undefined ? [] : (holds.get(beside) ?? []))];
};
