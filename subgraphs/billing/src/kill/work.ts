/**
 * The work that the kill test kills: so many months of billing, each invoice paid and a part of it refunded. Every step
 * is known by a reference of its own, so whoever starts it again goes on where it was.
 */
import type { TenantDatabase } from '@dotmac/migrations';
import { openDatabase, silentLogger } from '@dotmac/platform';
import { type Kysely, sql } from 'kysely';
import { receivePayment } from '../payment/receive.ts';
import { applyReturn, planReturn } from '../return/return.ts';
import type { Act } from '../run/issue.ts';
import { runBilling } from '../run/run.ts';

const chunkSize = 3;
export const openWork = (connectionString: string): Kysely<TenantDatabase> =>
  openDatabase<TenantDatabase>({
    connectionString,
    max: 1,
    applicationName: 'dotmac kill test',
    // Whoever waits for an answer hears of it; an idle connection that breaks matters to nobody.
    onConnectionError: () => undefined,
  });

/** @param months of 2027, from January on; more run into the years after. */
export async function work(database: Kysely<TenantDatabase>, months: number): Promise<void> {
  for (let month = 0; month < months; month++) {
    const today = Temporal.PlainDate.from('2027-01-01').add({ months: month }).toString();
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
  }
}

if (import.meta.main) {
  const [connectionString = '', months = '1'] = process.argv.slice(2);
  const database = openWork(connectionString);
  const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(database);
  process.stdout.write(`${rows[0]?.pid}\n`);
  await work(database, Number(months));
  await database.destroy();
}
