import type { TenantDatabase } from '@dotmac/migrations';
import type { EventConsumer } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import { noteRejection } from './store.ts';

/** Remembers the newest refusal of each service; a subscriber who keeps trying is told of once a minute. */
export const followRejections: EventConsumer<TenantDatabase, TenantEvents> = {
  name: 'network.follow-rejections',
  types: ['login.rejected'],
  async handle(event, transaction) {
    if (event.type !== 'login.rejected') return;
    const { serviceId, reason } = event.payload;
    if (serviceId !== null) await noteRejection(transaction, { serviceId, reason, at: event.occurredAt });
  },
};
