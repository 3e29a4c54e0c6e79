import { localDateAt } from '@dotmac/platform';
import type { BillingServices } from '../builder.ts';
import type { Act } from '../run/issue.ts';

/** Now, on behalf of the part of billing that collects. */
export function collectingAct({ clock, tenant }: BillingServices): Act {
  const now = clock.now();
  return { now, today: localDateAt(now, tenant?.timeZone ?? 'UTC'), actor: 'system:collection' };
}
