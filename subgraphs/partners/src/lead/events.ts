import type { PlatformDatabase } from '@dotmac/migrations';
import { appendEvents, type EventConsumer } from '@dotmac/platform';
import type { EventOf, PlatformEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import type { PartnersServices } from '../builder.ts';
import { agreementAt } from '../partner/store.ts';
import { beginFirstYear, insertAttribution, lockedLead, updateLead } from './store.ts';

type Requested = Extract<EventOf<PlatformEvents>, { type: 'tenant.requested' }>;

/** One consumer for both events: the first year of a tenant begins after it has been attributed, never before. */
export function leadConsumers(services: PartnersServices): EventConsumer<PlatformDatabase, PlatformEvents>[] {
  return [
    {
      name: 'partners.follow-tenants',
      types: ['tenant.requested', 'tenant.state.changed'],
      async handle(event, transaction) {
        if (event.type === 'tenant.requested') await winLead(services, event, transaction);
        if (event.type === 'tenant.state.changed' && event.payload.to === 'ACTIVE') {
          await beginFirstYear(transaction, event.payload.tenantId, event.occurredAt);
        }
      },
    },
  ];
}

/** A tenant that names a lead is that lead's partner's, if the lead was approved and its protection still runs. */
async function winLead(
  { clock }: PartnersServices,
  event: Requested,
  transaction: Transaction<PlatformDatabase>,
): Promise<void> {
  const { tenantId, leadId } = event.payload;
  if (leadId === null) return;
  const lead = await lockedLead(transaction, leadId);
  if (lead?.state !== 'APPROVED' || lead.protectedUntil === null || lead.protectedUntil < event.occurredAt)
    return;
  const { partnerId } = lead;
  const agreement = await agreementAt(transaction, partnerId, event.occurredAt);
  if (agreement === null) return;
  const now = clock.now();
  await updateLead(transaction, leadId, { state: 'WON', tenantId });
  await insertAttribution(transaction, {
    tenantId,
    partnerId,
    agreementId: agreement.id,
    leadId,
    attributedAt: new Date(now),
  });
  await appendEvents<PlatformEvents>(transaction, [
    {
      type: 'lead.won',
      subject: leadId,
      payload: { leadId, partnerId, tenantId },
      occurredAt: now,
      actor: event.actor,
    },
  ]);
}
