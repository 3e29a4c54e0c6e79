import type { TenantDatabase } from '@dotmac/migrations';
import type { Transaction } from 'kysely';
import type { Campaign } from './rules.ts';

/** Puts these steps and thresholds in the place of the campaign's. */
export async function replaceCampaign(
  transaction: Transaction<TenantDatabase>,
  { id, steps, thresholds }: Campaign,
): Promise<void> {
  await transaction.deleteFrom('billing.dunningStep').where('campaignId', '=', id).execute();
  await transaction.deleteFrom('billing.campaignThreshold').where('campaignId', '=', id).execute();
  if (steps.length > 0)
    await transaction
      .insertInto('billing.dunningStep')
      .values(
        steps.map(({ slowTo, ...step }, index) => ({
          ...step,
          campaignId: id,
          ordinal: index + 1,
          slowTo: slowTo === undefined ? null : JSON.stringify(slowTo),
        })),
      )
      .execute();
  const rows = Object.entries(thresholds).map(([currency, minimumMinor]) => ({
    campaignId: id,
    currency,
    minimumMinor,
  }));
  if (rows.length > 0) await transaction.insertInto('billing.campaignThreshold').values(rows).execute();
}
