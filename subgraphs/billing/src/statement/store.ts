import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { sql } from 'kysely';

/** What moved an account: a posting of the ledger. Minor units; above zero he owes more. */
export interface StatementLine {
  readonly on: string;
  /** Kind of the posting, and of what. */
  readonly kind: string;
  readonly ref: string;
  /** The number of the document, where it is one. */
  readonly number: string | null;
  readonly amount: bigint;
  readonly balance: bigint;
}

export interface Aging {
  /** Not due yet. */
  readonly current: bigint;
  /** Overdue by 1 to 30 days, to 60, to 90, and more. */
  readonly to30: bigint;
  readonly to60: bigint;
  readonly to90: bigint;
  readonly over90: bigint;
  readonly overdue: bigint;
}

export interface Statement {
  readonly currency: string;
  readonly from: string;
  readonly to: string;
  readonly opening: bigint;
  readonly lines: readonly StatementLine[];
  readonly closing: bigint;
  /** As of today. */
  readonly aging: Aging;
}

/**
 * What a customer owed before `from`, what moved it up to and with `to`, and how old what is open is today: read from the
 * ledger, so that it cannot say anything else. Local days, ISO. Null without an account.
 */
export async function statementOf(
  db: Executor<TenantDatabase>,
  customerId: string,
  from: string,
  to: string,
  today: string,
): Promise<Statement | null> {
  const account = await db
    .selectFrom('billing.account')
    .select('currency')
    .where('customerId', '=', customerId)
    .executeTakeFirst();
  if (account === undefined) return null;
  const { currency } = account;
  const accounts = [`receivable:${customerId}`, `unappliedCash:${customerId}`];
  const { rows: before } = await sql<{ total: bigint }>`
    select coalesce(sum(e.amount_minor), 0)::bigint as total from billing.ledger_entry e
    join billing.ledger_transaction t using (kind, ref)
    where e.account = any(${accounts}::text[]) and e.currency = ${currency} and t.posted_on < ${from}::date`.execute(
    db,
  );
  const opening = before[0]?.total ?? 0n;
  const { rows } = await sql<Omit<StatementLine, 'balance'>>`
    select t.posted_on::text as "on", e.kind, e.ref, d.number, sum(e.amount_minor)::bigint as amount
    from billing.ledger_entry e join billing.ledger_transaction t using (kind, ref)
    left join billing.document d on d.id = e.ref
    where e.account = any(${accounts}::text[]) and e.currency = ${currency}
      and t.posted_on >= ${from}::date and t.posted_on <= ${to}::date
    group by t.posted_on, e.kind, e.ref, d.number having sum(e.amount_minor) <> 0
    order by t.posted_on, e.ref, e.kind`.execute(db);
  let balance = opening;
  const lines = rows.map((row) => {
    balance += row.amount;
    return { ...row, balance };
  });
  return {
    currency,
    from,
    to,
    opening,
    lines,
    closing: balance,
    aging: await agingOf(db, customerId, currency, today),
  };
}

async function agingOf(
  db: Executor<TenantDatabase>,
  customerId: string,
  currency: string,
  today: string,
): Promise<Aging> {
  const { rows } = await sql<Aging>`
    select ${sql.raw(
      [
        ['current', 'days <= 0'],
        ['to30', 'days between 1 and 30'],
        ['to60', 'days between 31 and 60'],
        ['to90', 'days between 61 and 90'],
        ['over90', 'days > 90'],
        ['overdue', 'days > 0'],
      ]
        .map(([name, when]) => `coalesce(sum(open_minor) filter (where ${when}), 0)::bigint as "${name}"`)
        .join(', '),
    )}
    from (select open_minor, ${today}::date - due_on as days from billing.open_item
      where customer_id = ${customerId} and currency = ${currency} and open_minor > 0) open`.execute(db);
  const [aging] = rows;
  if (aging === undefined) throw new Error('a sum without a group has one row');
  return aging;
}
