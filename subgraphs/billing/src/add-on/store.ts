import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { sql, type Transaction } from 'kysely';
import { appendServiceEvent } from '../service-line/store.ts';

export const addOnLineId = (serviceId: string, planId: string): string => `addon:${serviceId}:${planId}`;

/** The service that a line is of, be it the service itself or an add-on beside it. */
export const serviceOfLine = (lineId: string): string =>
  lineId.startsWith('addon:') ? (lineId.split(':')[1] ?? lineId) : lineId;

export interface AddOn {
  readonly serviceId: string;
  readonly customerId: string;
  readonly planId: string;
  /** ISO date. */
  readonly since: string;
}

/** The add-ons of services that run: whose last event is not their end. */
export async function addOnsOfServices(
  db: Executor<TenantDatabase>,
  serviceIds: readonly string[],
): Promise<AddOn[]> {
  const { rows } = await sql<AddOn>`
    select s.id as "serviceId", l.customer_id as "customerId", e.plan_id as "planId", e.effective_on as since
    from unnest(${[...serviceIds]}::text[]) as s (id)
    join billing.service_line o on o.id = s.id
    join billing.service_line l on l.customer_id = o.customer_id and starts_with(l.id, 'addon:' || s.id || ':')
    cross join lateral (
      select type, plan_id, effective_on from billing.service_event
      where service_line_id = l.id order by ordinal desc limit 1) e
    where e.type <> 'cancel' order by s.id, e.plan_id`.execute(db);
  return rows;
}

/** An add-on ends with its service, on the same day (ISO). */
export async function endAddOns(
  transaction: Transaction<TenantDatabase>,
  service: { readonly id: string; readonly customerId: string },
  on: string,
): Promise<void> {
  for (const { planId, since } of await addOnsOfServices(transaction, [service.id]))
    await appendServiceEvent(transaction, {
      serviceLineId: addOnLineId(service.id, planId),
      customerId: service.customerId,
      type: 'cancel',
      // One that begins later than its service ends costs nothing.
      effectiveOn: since > on ? since : on,
      planId: null,
      planVersionId: null,
      sourcePosition: null,
    });
}
