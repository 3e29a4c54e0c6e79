import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { type Act, occurred } from '../run/issue.ts';
import { shapingPayload } from './rules.ts';
import type { PlanVersion } from './store.ts';

/** Tells that versions are on sale. Network learns the speeds from here, so only access plans are of interest. */
export async function announce(
  transaction: Transaction<TenantDatabase>,
  versions: readonly { readonly planName: string; readonly version: PlanVersion }[],
  act: Act,
): Promise<void> {
  await appendEvents<TenantEvents>(
    transaction,
    versions.flatMap(({ planName, version: { id, planId, shaping } }) =>
      shaping === null
        ? []
        : [
            {
              type: 'plan.published' as const,
              subject: planId,
              payload: { planId, versionId: id, name: planName, shaping: shapingPayload(shaping) },
              ...occurred(act),
            },
          ],
    ),
  );
}
