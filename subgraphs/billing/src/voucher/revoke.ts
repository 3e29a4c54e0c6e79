import { createHash } from 'node:crypto';
import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents, type Executor } from '@dotmac/platform';
import { NotFoundError, StalePlanError, type TenantEvents, ValidationError } from '@dotmac/schema';
import type { BillingServices } from '../builder.ts';
import { postVoucherRevocation } from '../ledger/rules-postings.ts';
import { post } from '../ledger/store.ts';
import { canonicalJson } from '../numbering/rules.ts';
import { type Act, occurred } from '../run/issue.ts';
import { voucherHash } from './rules.ts';
import { batchById, insertRevocations, liveVouchers, lockVouchers, type VoucherBatch } from './store.ts';

export interface RevocationRequest {
  readonly batchId: string;
  /** Null: all that are left of the batch. Empty is refused: nothing never means all. */
  readonly codes: readonly string[] | null;
  readonly because: string;
  /** How the money goes back to who bought them. */
  readonly method: string;
}

export interface RevocationPlan {
  readonly batch: VoucherBatch & { readonly redeemed: number };
  readonly ids: readonly string[];
  readonly amount: bigint;
  readonly fingerprint: string;
}

/** What would be revoked, and the money that goes back. @throws ValidationError, NotFoundError */
export async function planRevocation(
  db: Executor<TenantDatabase>,
  { batchId, codes, because, method }: RevocationRequest,
): Promise<RevocationPlan> {
  if (because.trim() === '' || because.length > 500)
    throw new ValidationError('input.because', 'Say why in 1 to 500 characters: it is kept');
  if (!/^[a-z][a-zA-Z0-9-]{0,39}$/.test(method))
    throw new ValidationError('input.method', 'A method is a word such as cash, bankTransfer or stripe');
  if (codes?.length === 0)
    throw new ValidationError('input.codes', 'Name the codes, or leave the list out for all of the batch');
  const hashes = codes?.map((code, index) => {
    const hash = voucherHash(code);
    if (hash === undefined)
      throw new ValidationError(`input.codes.${index}`, 'A code has 16 letters and digits');
    return hash;
  });
  const batch = await batchById(db, batchId);
  if (batch === null) throw new NotFoundError('VoucherBatch', batchId);
  const ids = await liveVouchers(db, batchId, hashes ?? null);
  if (hashes !== undefined && ids.length !== new Set(hashes).size)
    throw new ValidationError(
      'input.codes',
      'Not all of these are vouchers of the batch that can be revoked',
    );
  const text = canonicalJson({ batchId, because, method, ids });
  return {
    batch,
    ids,
    amount: batch.amountMinor * BigInt(ids.length),
    fingerprint: createHash('sha256').update(text).digest('hex'),
  };
}

/** Does what the plan with this fingerprint said. @throws StalePlanError, and what `planRevocation` throws. */
export async function applyRevocation(
  services: BillingServices,
  request: RevocationRequest,
  fingerprint: string,
  act: Act,
): Promise<VoucherBatch & { readonly redeemed: number }> {
  return services.database.transaction().execute(async (transaction) => {
    await lockVouchers(transaction, request.batchId);
    const plan = await planRevocation(transaction, request);
    if (plan.fingerprint !== fingerprint) throw new StalePlanError();
    const { because, batchId, method } = request;
    const { currency, amountMinor: amount } = plan.batch;
    await insertRevocations(transaction, plan.ids, { because, by: act.actor, on: act.today });
    await post(
      transaction,
      plan.ids.map((id) => postVoucherRevocation({ ref: id, currency, amount, gateway: method })),
      act.today,
      new Date(act.now),
    );
    await appendEvents<TenantEvents>(
      transaction,
      plan.ids.map((id) => ({
        type: 'voucher.revoked',
        subject: id,
        payload: { voucherId: id, batchId, because },
        ...occurred(act),
      })),
    );
    return plan.batch;
  });
}
