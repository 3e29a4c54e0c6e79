import type { ShapingPayload } from './billing.ts';

/** Appended by the subgraph `subscribers`. The subject is the customer's or the service's id. */
export interface SubscribersEvents {
  'customer.created': { customerId: string; name: string; email: string | null };
  'customer.updated': { customerId: string; name: string; email: string | null };
  /** A service was ordered; network prepares access to it. */
  'service.ordered': { serviceId: string; customerId: string; planId: string; username: string | null };
  /** Access is confirmed; billing starts on this local date of the tenant. */
  'service.activated': { serviceId: string; customerId: string; planId: string; on: string };
  'service.plan.changed': {
    serviceId: string;
    customerId: string;
    fromPlanId: string;
    planId: string;
    on: string;
  };
  /**
   * The whole set of locks that close after the change: the service is open when it is empty. `slowed` is what a lock that
   * only slows down leaves of its speed; absent in older events, which knew none.
   */
  'service.locks.changed': {
    serviceId: string;
    customerId: string;
    locks: LockReason[];
    slowed?: SlowedPayload | null;
    because: string;
  };
  'service.cancelled': { serviceId: string; customerId: string; on: string };
}

/** Who may lift a lock follows from its reason; payment lifts BILLING only. */
export type LockReason = 'BILLING' | 'ABUSE' | 'TECHNICAL' | 'CUSTOMER_REQUEST' | 'LEGAL';

/** No faster than `to`, for a reason. */
export interface SlowedPayload {
  reason: LockReason;
  to: ShapingPayload;
  because: string;
}
