import { localDateAt } from '@dotmac/platform';
import type { BillingContext } from './builder.ts';
import type { Act } from './run/issue.ts';

/** Now, today and who, for whatever a request writes. */
export function actOf({ services, principal, traceId }: BillingContext): Act {
  const now = services.clock.now();
  return { now, today: localDateAt(now, services.tenant?.timeZone ?? 'UTC'), actor: principal.id, traceId };
}
