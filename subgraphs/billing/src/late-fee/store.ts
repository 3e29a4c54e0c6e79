import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { sql, type Transaction } from 'kysely';
import type { LateFeeStep } from './rules.ts';

/** A step with the currency that its amounts are in; null: it holds for all. */
export interface StoredLateFeeStep {
  readonly step: LateFeeStep;
  readonly currency: string | null;
}

export async function lateFeeSteps(
  db: Executor<TenantDatabase>,
  campaignId: string,
): Promise<StoredLateFeeStep[]> {
  const rows = await db
    .selectFrom('billing.lateFeeStep')
    .selectAll()
    .where('campaignId', '=', campaignId)
    .orderBy('ordinal')
    .execute();
  return rows.map(({ id, graceDays, kind, percent, amountMinor, currency, capMinor }) => {
    const rate = percent?.replace(/\.?0+$/, '') ?? '0';
    const fee: LateFeeStep['fee'] =
      kind === 'fixed'
        ? { type: 'fixed', amount: amountMinor ?? 0n }
        : kind === 'percent'
          ? { type: 'percent', percent: rate }
          : { type: 'dailyInterest', yearlyPercent: rate };
    return { currency, step: { id, graceDays, fee, ...(capMinor === null ? {} : { cap: capMinor }) } };
  });
}

/** Puts these steps in the place of the campaign's. */
export async function replaceLateFeeSteps(
  transaction: Transaction<TenantDatabase>,
  campaignId: string,
  steps: readonly StoredLateFeeStep[],
): Promise<void> {
  await transaction.deleteFrom('billing.lateFeeStep').where('campaignId', '=', campaignId).execute();
  if (steps.length === 0) return;
  await transaction
    .insertInto('billing.lateFeeStep')
    .values(
      steps.map(({ step: { id, graceDays, fee, cap }, currency }, index) => ({
        campaignId,
        ordinal: index + 1,
        id,
        graceDays,
        kind: fee.type,
        percent: fee.type === 'fixed' ? null : fee.type === 'percent' ? fee.percent : fee.yearlyPercent,
        amountMinor: fee.type === 'fixed' ? fee.amount : null,
        currency,
        capMinor: cap ?? null,
      })),
    )
    .execute();
}

/** What late fees need to know of invoices beside what is open. */
export async function lateFeeHistory(
  db: Executor<TenantDatabase>,
  invoiceIds: readonly string[],
): Promise<Map<string, { readonly number: string; readonly lateFees: bigint; readonly steps: string[] }>> {
  const { rows } = await sql<{ id: string; number: string; lateFees: bigint; steps: string[] }>`
    select d.id, d.number,
      coalesce((select sum(net_minor + tax_minor) from billing.document_line
        where document_id = d.id and product_class = 'lateFee'), 0)::bigint as "lateFees",
      array(select late_step_id from billing.fee where late_invoice_id = d.id) as steps
    from billing.document d where d.id = any(${invoiceIds}::text[])`.execute(db);
  return new Map(rows.map((row) => [row.id, row]));
}
