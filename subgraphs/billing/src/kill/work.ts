/**
 * The work that the kill test kills: month after month of billing, each invoice paid and a part of it refunded, and a
 * voucher redeemed. Every step is known by a reference of its own, so whoever starts it again goes on where it was.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { TenantDatabase } from '@dotmac/migrations';
import { openDatabase, silentLogger } from '@dotmac/platform';
import { type Kysely, sql } from 'kysely';
import { receivePayment } from '../payment/receive.ts';
import { applyReturn, planReturn } from '../return/return.ts';
import type { Act } from '../run/issue.ts';
import { runBilling } from '../run/run.ts';
import { redeemVoucher } from '../voucher/redeem.ts';
import { voucherCode } from '../voucher/rules.ts';

const chunkSize = 2;

/** The code of the voucher of a month; as many months have one. */
export const monthsWithVoucher = 2_000;
export const codeOf = (month: number): string =>
  voucherCode(createHash('sha256').update(`voucher of month ${month}`).digest().subarray(0, 10));

export const openWork = (connectionString: string): Kysely<TenantDatabase> =>
  openDatabase<TenantDatabase>({
    connectionString,
    max: 1,
    applicationName: 'dotmac kill test',
    // Whoever waits for an answer hears of it; an idle connection that breaks matters to nobody.
    onConnectionError: () => undefined,
  });

const firstDay = Temporal.PlainDate.from('2027-01-01');

/** The month that was begun last, counted from January 2027: those before it are complete. */
export async function monthBegun(database: Kysely<TenantDatabase>): Promise<number> {
  const { last } = await database
    .selectFrom('billing.document')
    .select((select) => select.fn.max('runDate').as('last'))
    .executeTakeFirstOrThrow();
  return last === null ? 0 : firstDay.until(last, { largestUnit: 'months' }).months;
}

/** From the month that was begun last, again, up to `months` months after January 2027. */
export async function work(database: Kysely<TenantDatabase>, months: number): Promise<void> {
  for (let month = await monthBegun(database); month < months; month++) {
    const today = firstDay.add({ months: month }).toString();
    const now = Date.parse(`${today}T12:00:00Z`);
    const act: Act = { today, now, actor: 'test' };
    const services = { database, clock: { now: () => now }, logger: silentLogger, tenant: null };
    await runBilling(services, today, act, { chunkSize });
    const invoices = await database
      .selectFrom('billing.document')
      .select(['customerId', 'currency'])
      .where('type', '=', 'INVOICE')
      .where('runDate', '=', today)
      .orderBy('customerId')
      .execute();
    for (const { customerId, currency } of invoices) {
      const amount = { minor: 2_700n, currency };
      const reference = `${today}:${customerId}`;
      const incoming = { customerId, amount, method: 'card', reference, invoiceId: null };
      const { id } = await receivePayment(services, incoming, act);
      const request = {
        kind: 'refund' as const,
        paymentId: id,
        amount: { minor: 400n, currency },
        fee: 0n,
        reference,
        reason: 'test',
      };
      const { fingerprint } = await planReturn(database, request);
      await applyReturn(services, request, fingerprint, act);
    }
    const redeemer = invoices[month % invoices.length];
    if (redeemer !== undefined && month < monthsWithVoucher)
      await redeemVoucher(
        services,
        { customerId: redeemer.customerId, code: codeOf(month), serviceId: null },
        act,
      );
  }
}

/** The server died, recovers, or is not there: not a failure of the work (PostgreSQL manual, appendix A, class 57P). */
function isServerGone(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return (
    /^(57P0[123]|08...|ECONNREFUSED|ECONNRESET|ENOENT|EPIPE)$/.test(code) ||
    /Connection terminated|not queryable|timeout exceeded when trying to connect/.test(error.message)
  );
}

/** Says the process ids of its backend and of the server, and works until it is killed. */
async function workOn(connectionString: string): Promise<never> {
  for (;;) {
    const database = openWork(connectionString);
    try {
      const { rows } = await sql<{ backend: number; server: number }>`
        select pg_backend_pid() as backend, split_part(pg_read_file('postmaster.pid'), chr(10), 1)::int as server`.execute(
        database,
      );
      process.stdout.write(`${JSON.stringify(rows[0])}\n`);
      await work(database, Number.POSITIVE_INFINITY);
    } catch (error) {
      if (!isServerGone(error)) throw error;
      await pause(10);
    } finally {
      await database.destroy();
    }
  }
}

if (import.meta.main) {
  // Loaded, and waiting for the one before to be killed.
  await once(process.stdin, 'data');
  await workOn(process.argv[2] ?? '');
}
