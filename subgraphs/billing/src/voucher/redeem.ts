import { randomBytes } from 'node:crypto';
import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents, newId } from '@dotmac/platform';
import { minorDigits } from '@dotmac/platform/money/currency';
import { ConflictError, type TenantEvents, ValidationError } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { lockedAccount } from '../account/store.ts';
import type { BillingServices } from '../builder.ts';
import { plansById } from '../catalogue/store.ts';
import { postVoucherRedemption, postVoucherSale } from '../ledger/rules-postings.ts';
import { post } from '../ledger/store.ts';
import { receiveIn } from '../payment/receive.ts';
import { type Payment, paymentsById } from '../payment/store.ts';
import { confirmChangeIn } from '../plan-change/change.ts';
import { type Act, occurred } from '../run/issue.ts';
import { dayOfText } from '../run/run.ts';
import { historiesOfLines } from '../service-line/histories.ts';
import { redemptionRefusal, voucherCode, voucherHash } from './rules.ts';
import {
  grantsOf,
  insertBatch,
  insertRedemption,
  lockedVoucher,
  type StoredVoucher,
  type VoucherBatch,
} from './store.ts';

const method = 'voucher';

export interface NewBatch {
  readonly name: string;
  readonly amount: { readonly minor: bigint; readonly currency: string };
  readonly count: number;
  /** ISO date. */
  readonly expiresOn: string | null;
  /** How the batch was paid. */
  readonly method: string;
  /** What each grants beside its worth. */
  readonly planId: string | null;
  readonly seconds: bigint | null;
  readonly octets: bigint | null;
}

/** Makes vouchers and posts their sale. The codes are returned now and never again. */
export async function createBatch(
  services: BillingServices,
  request: NewBatch,
  act: Act,
): Promise<{ readonly batch: VoucherBatch; readonly codes: readonly string[] }> {
  const { name, amount, count, expiresOn, planId, seconds, octets } = request;
  if (name.trim() === '' || name.length > 200)
    throw new ValidationError('input.name', 'A batch has a name of 1 to 200 characters');
  if (minorDigits(amount.currency) === undefined)
    throw new ValidationError('input.amount.currency', `"${amount.currency}" is not an ISO 4217 code`);
  if (amount.minor <= 0n) throw new ValidationError('input.amount.amount', 'A voucher is worth more than 0');
  if (count < 1 || count > 10_000)
    throw new ValidationError('input.count', 'A batch has 1 to 10000 vouchers');
  if (expiresOn !== null && expiresOn <= act.today)
    throw new ValidationError('input.expiresOn', `Vouchers expire after today, ${act.today}`);
  if (!/^[a-z][a-zA-Z0-9-]{0,39}$/.test(request.method))
    throw new ValidationError('input.method', 'A method is a word such as cash, bankTransfer or stripe');
  if (seconds !== null && (seconds < 1n || seconds > 10n ** 9n))
    throw new ValidationError('input.seconds', 'Time is granted for 1 to 1000000000 seconds');
  if (octets !== null && octets < 1n)
    throw new ValidationError('input.octets', 'A volume is of 1 octet at least');
  if (planId !== null && (await plansById(services.database, [planId]))[0]?.kind !== 'ACCESS')
    throw new ValidationError('input.planId', 'A voucher is for a plan of the kind ACCESS');
  const batch: VoucherBatch = {
    id: newId('vcb', services.clock),
    name,
    currency: amount.currency,
    amountMinor: amount.minor,
    count,
    expiresOn,
    createdOn: act.today,
    planId,
    seconds,
    octets,
  };
  const codes = Array.from({ length: count }, () => voucherCode(randomBytes(10)));
  const vouchers = codes.map((code) => ({ id: newId('vch', services.clock), hash: voucherHash(code) ?? '' }));
  await services.database.transaction().execute(async (transaction) => {
    await insertBatch(transaction, batch, vouchers);
    const sale = {
      ref: batch.id,
      currency: amount.currency,
      amount: amount.minor * BigInt(count),
      gateway: request.method,
    };
    await post(transaction, [postVoucherSale(sale)], act.today, new Date(act.now));
    await appendEvents<TenantEvents>(
      transaction,
      vouchers.map(({ id, hash }) => ({
        type: 'voucher.issued',
        subject: id,
        payload: {
          voucherId: id,
          batchId: batch.id,
          codeHash: hash,
          amountMinor: `${amount.minor}`,
          currency: amount.currency,
          expiresOn,
          grants: grantsOf(batch),
        },
        ...occurred(act),
      })),
    );
  });
  return { batch, codes };
}

/** Why a voucher cannot be redeemed on a local day (ISO) for an account in a currency. */
export const refusalOf = (
  { isRevoked, isUsed, paymentId, currency, expiresOn }: StoredVoucher,
  accountCurrency: string,
  today: string,
) =>
  redemptionRefusal(
    {
      state: isRevoked ? 'cancelled' : paymentId === null && !isUsed ? 'active' : 'redeemed',
      currency,
      ...(expiresOn === null ? {} : { expiresOn: dayOfText(expiresOn) }),
    },
    accountCurrency,
    dayOfText(today),
  );

/**
 * Turns a voucher into a payment of its customer: it pays open invoices, the rest is his balance. The same customer
 * with the same code again gets the payment that is there. The service that is named changes to the voucher's plan
 * in the same transaction: what that service cannot take spends no voucher.
 * @throws ValidationError for what cannot be a code, ConflictError saying why the voucher is not redeemed.
 */
export async function redeemVoucher(
  services: Pick<BillingServices, 'database' | 'clock' | 'tenant'>,
  request: { readonly customerId: string; readonly code: string; readonly serviceId: string | null },
  act: Act,
): Promise<Payment> {
  const { customerId, code, serviceId } = request;
  const hash = voucherHash(code);
  if (hash === undefined)
    throw new ValidationError('input.code', 'A code has 16 letters and digits, such as ABCD-EFGH-JKMN-PQRS');
  return services.database.transaction().execute(async (transaction) => {
    const voucher = await lockedVoucher(transaction, hash);
    if (voucher === null) throw new ConflictError('UNKNOWN_VOUCHER', 'There is no such voucher');
    if (voucher.paymentId !== null && voucher.customerId === customerId) {
      const [before] = await paymentsById(transaction, [voucher.paymentId]);
      if (before !== undefined) return before;
    }
    const account = await lockedAccount(transaction, customerId);
    if (account === null) throw new ConflictError('UNKNOWN_CUSTOMER', 'There is no such customer');
    const refusal = refusalOf(voucher, account.currency, act.today);
    if (refusal !== undefined) throw new ConflictError(refusal, 'The voucher cannot be redeemed');
    if (serviceId !== null) await takePlan(transaction, services, { serviceId, customerId, voucher }, act);
    const { id, amount, currency } = voucher;
    const payment = await receiveIn(
      transaction,
      services,
      { customerId, amount: { minor: amount, currency }, method, reference: id, invoiceId: null },
      act,
    );
    await insertRedemption(transaction, id, payment.id);
    // What was owed to whoever holds the voucher is where the payment's money comes from.
    const redemption = postVoucherRedemption({ ref: id, currency, amount, gateway: method });
    await post(transaction, [redemption], act.today, new Date(act.now));
    await appendEvents<TenantEvents>(transaction, [
      {
        type: 'voucher.redeemed',
        subject: id,
        payload: {
          voucherId: id,
          batchId: voucher.batchId,
          customerId,
          paymentId: payment.id,
          amountMinor: `${amount}`,
          currency,
          grants: grantsOf(voucher),
        },
        ...occurred(act),
      },
    ]);
    return payment;
  });
}

/** Orders the plan that a voucher grants for a service of its customer; subscribers makes it so. */
async function takePlan(
  transaction: Transaction<TenantDatabase>,
  services: Pick<BillingServices, 'clock'>,
  { serviceId, customerId, voucher }: { serviceId: string; customerId: string; voucher: StoredVoucher },
  act: Act,
): Promise<void> {
  const { planId } = voucher;
  if (planId === null) throw new ConflictError('GRANTS_NO_PLAN', 'The voucher grants no plan');
  const [line] = await historiesOfLines(transaction, [serviceId]);
  if (line?.customerId !== customerId)
    throw new ValidationError('input.serviceId', 'This is no service of the customer that is charged');
  try {
    await confirmChangeIn(transaction, services, { serviceId, planId, when: 'now' }, null, act);
  } catch (error) {
    // Its field is the plan, which here is not of the input but of the voucher.
    if (!(error instanceof ValidationError)) throw error;
    throw new ConflictError('PLAN_NOT_AVAILABLE', error.message);
  }
}
