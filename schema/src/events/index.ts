import type { BillingEvents } from './billing.ts';
import type { NetworkEvents } from './network.ts';
import type { PartnersEvents } from './partners.ts';
import type { SubscribersEvents } from './subscribers.ts';
import type { TenantsEvents } from './tenants.ts';

export type * from './billing.ts';
export type * from './event.ts';
export type * from './network.ts';
export type * from './partners.ts';
export type * from './subscribers.ts';
export type * from './tenants.ts';

/** Events of a tenant's database. */
export type TenantEvents = SubscribersEvents & BillingEvents & NetworkEvents;
/** Events of the control plane's database. */
export type PlatformEvents = TenantsEvents & PartnersEvents;
