import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';
import type { StatementLine } from './rules-line.ts';
import { type Candidate, namesIn } from './rules-match.ts';

/** With the payment it stands matched to. */
export type BankLine = Selectable<TenantDatabase['billing.bankLine']> & {
  readonly paymentId: string | null;
  readonly matches: number;
};

/** @returns null when the line is known already. */
export async function insertBankLine(
  transaction: Transaction<TenantDatabase>,
  line: Selectable<TenantDatabase['billing.bankLine']>,
): Promise<BankLine | null> {
  const row = await transaction
    .insertInto('billing.bankLine')
    .values(line)
    .onConflict((conflict) => conflict.column('hash').doNothing())
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : { ...row, paymentId: null, matches: 0 };
}

export async function insertBankMatch(
  transaction: Transaction<TenantDatabase>,
  match: Selectable<TenantDatabase['billing.bankMatch']>,
): Promise<void> {
  await transaction.insertInto('billing.bankMatch').values(match).execute();
}

const lines = (db: Executor<TenantDatabase>) =>
  db
    .selectFrom('billing.bankLine as line')
    .selectAll('line')
    .select([
      sql<
        string | null
      >`(select m.payment_id from billing.bank_match m where m.line_id = line.id and not exists (
        select from billing.payment_return r where r.payment_id = m.payment_id and r.kind = 'reversal'))`.as(
        'paymentId',
      ),
      sql<number>`(select count(*)::int from billing.bank_match m where m.line_id = line.id)`.as('matches'),
    ]);

/** Newest first; only those in suspense, when asked for. */
export async function bankLines(db: Executor<TenantDatabase>, inSuspense: boolean): Promise<BankLine[]> {
  const rows = await lines(db)
    .orderBy('line.bookedOn', 'desc')
    .orderBy('line.id', 'desc')
    .limit(500)
    .execute();
  return inSuspense ? rows.filter(({ paymentId }) => paymentId === null) : rows;
}

/** The line, kept from others until the transaction ends. */
export async function lockedBankLine(
  transaction: Transaction<TenantDatabase>,
  id: string,
): Promise<BankLine | null> {
  // The rows themselves may not be locked: whoever may lock could change.
  await sql`select pg_advisory_xact_lock(hashtextextended(${id}, 0))`.execute(transaction);
  return (await lines(transaction).where('line.id', '=', id).executeTakeFirst()) ?? null;
}

/** Invoices that any of these lines may be for: named by it, or open for its amount. */
export async function matchCandidates(
  db: Executor<TenantDatabase>,
  of: readonly StatementLine[],
): Promise<Candidate[]> {
  const sequences = new Set<string>();
  for (const { remittance } of of) {
    const { references, words } = namesIn(remittance);
    for (const name of [...references, ...words]) {
      // Where the number begins is the pattern's business: every end of the digits may be it.
      const digits = /\d{1,18}$/.exec(name)?.[0] ?? '';
      for (let at = 0; at < digits.length; at++) sequences.add(`${BigInt(digits.slice(at))}`);
    }
  }
  const { rows } = await sql<Candidate>`
    select d.id, d.number, d.customer_id as "customerId", a.name as "customerName", d.currency, o.open_minor as open
    from billing.document d
    join billing.open_item o on o.document_id = d.id
    join billing.account a on a.customer_id = d.customer_id
    where (d.type = 'INVOICE' and d.sequence = any(${[...sequences]}::bigint[]))
      or o.open_minor = any(${of.map(({ amount }) => `${amount}`)}::bigint[])
    order by d.sequence`.execute(db);
  return rows;
}
