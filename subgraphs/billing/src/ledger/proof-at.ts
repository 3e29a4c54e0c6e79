import type { TenantDatabase } from '@dotmac/migrations';
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';

interface InCurrency {
  readonly minor: bigint;
  readonly currency: string;
}

/** Revenue of a month of service and a class: the sum of the lines whose days begin in it. Minor units. */
export interface PeriodRevenue {
  /** Its first day, ISO. */
  readonly month: string;
  readonly productClass: string;
  readonly currency: string;
  readonly net: bigint;
  readonly lines: bigint;
}

/** What the books said at an instant. Minor units; what is owed to others is above zero. */
export interface ProofAt {
  readonly at: Date;
  readonly transactions: bigint;
  readonly documents: bigint;
  readonly receivable: readonly InCurrency[];
  readonly unapplied: readonly InCurrency[];
  readonly prepaid: readonly InCurrency[];
  readonly deposits: readonly InCurrency[];
  readonly vouchers: readonly InCurrency[];
  readonly revenue: readonly PeriodRevenue[];
  readonly findings: string[];
}

/** Whether a posting stood at an instant; what has no time of its own counts from the end of its day. */
const postedBy = (at: Date, timeZone: string): RawBuilder<boolean> =>
  sql`coalesce(t.posted_at, (t.posted_on + 1)::timestamp at time zone ${timeZone}) <= ${at}`;

/** Whether something with this kind and reference was posted by then. */
const isPosted = (kinds: string, ref: string, stood: RawBuilder<boolean>) =>
  sql`exists (select from billing.ledger_transaction t where t.kind in (${sql.raw(kinds)}) and t.ref = ${sql.raw(ref)} and ${stood})`;

/** Each lists where the ledger and the rows it tells of differ at the instant. */
function checksAt(at: Date, stood: RawBuilder<boolean>): Record<string, RawBuilder<{ what: string }>> {
  const ledger = (condition: string, sign: 1 | -1, key = 'e.currency') => sql`
    select ${sql.raw(key)} as key, (${sql.raw(`${sign}`)} * sum(e.amount_minor))::bigint as total
    from billing.ledger_entry e join billing.ledger_transaction t using (kind, ref)
    where ${sql.raw(condition)} and ${stood} group by 1`;
  const differ = (left: RawBuilder<unknown>, right: RawBuilder<unknown>) => sql<{ what: string }>`
    select coalesce(l.key, r.key) || ': ' || coalesce(l.total, 0) || ' is not ' || coalesce(r.total, 0) as what
    from (${left}) l full join (select key, sum(total)::bigint as total from (${right}) rows group by 1) r on r.key = l.key
    where coalesce(l.total, 0) <> coalesce(r.total, 0)`;
  return {
    'a transaction sums to zero': sql<{ what: string }>`
      select e.kind || ' ' || e.ref as what from billing.ledger_entry e join billing.ledger_transaction t using (kind, ref)
      where ${stood} group by e.kind, e.ref, e.currency having sum(e.amount_minor) <> 0`,
    'the receivable of a customer is his invoices less what was allocated': differ(
      ledger(`e.account like 'receivable:%'`, 1, `substr(e.account, 12) || ' ' || e.currency`),
      sql`
        select o.customer_id || ' ' || d.currency as key, d.gross_minor as total from billing.document d
          join billing.open_item o on o.document_id = d.id where d.type = 'INVOICE' and d.issued_at <= ${at}
        union all
        select o.customer_id || ' ' || o.currency, -a.amount_minor from billing.allocation a
          join billing.open_item o on o.document_id = a.document_id where a.allocated_at <= ${at}`,
    ),
    'unapplied cash and prepaid balances are payments and credit notes less what was allocated and went back':
      differ(
        ledger(`(e.account like 'unappliedCash:%' or e.account like 'prepaid:%')`, -1),
        sql`
        select currency as key, amount_minor as total from billing.payment where received_at <= ${at}
        union all select currency, -amount_minor from billing.payment_return where returned_at <= ${at}
        union all select currency, -amount_minor from billing.prepaid_refund where refunded_at <= ${at}
        union all select currency, -gross_minor from billing.document where type = 'CREDIT_NOTE' and issued_at <= ${at}
        union all select o.currency, -a.amount_minor from billing.allocation a
          join billing.open_item o on o.document_id = a.document_id where a.allocated_at <= ${at}
            and (exists (select from billing.payment p where p.id = a.source_id)
              or exists (select from billing.payment_return r where r.id = a.source_id)
              or exists (select from billing.document n where n.id = a.source_id))`,
      ),
    'deposits are what was received less what was released': differ(
      ledger(`e.account like 'deposit:%'`, -1, `substr(e.account, 9) || ' ' || e.currency`),
      sql`
        select d.customer_id || ' ' || d.currency as key, d.amount_minor as total from billing.deposit d
          where ${isPosted(`'deposit'`, 'd.id', stood)}
        union all
        select d.customer_id || ' ' || d.currency, -r.amount_minor from billing.deposit_release r
          join billing.deposit d on d.id = r.deposit_id
          where ${isPosted(`'depositApplied', 'depositRefund'`, 'r.id', stood)}`,
    ),
    'what is owed for vouchers is what was sold less what was redeemed, revoked and expired': differ(
      ledger(`e.account = 'voucherLiability'`, -1),
      sql`
        select b.currency as key, b.amount_minor * b.count as total from billing.voucher_batch b
          where ${isPosted(`'voucherSale'`, 'b.id', stood)}
        union all
        select b.currency, -b.amount_minor from billing.voucher v join billing.voucher_batch b on b.id = v.batch_id
          where ${isPosted(`'voucherRedemption', 'voucherRevocation', 'voucherExpiry'`, 'v.id', stood)}`,
    ),
    'the revenue of a class is the sum of its lines': differ(
      ledger(`e.account like 'revenue:%'`, -1, `substr(e.account, 9) || ' ' || e.currency`),
      sql`
        select l.product_class || ' ' || d.currency as key, l.net_minor as total from billing.document_line l
          join billing.document d on d.id = l.document_id where d.issued_at <= ${at}`,
    ),
    'the tax that is owed is that of the documents': differ(
      ledger(`e.account like 'taxPayable:%'`, -1, `substr(e.account, 12) || ' ' || e.currency`),
      sql`
        select x.component_id || ' ' || d.currency as key, x.tax_minor as total from billing.document_tax x
          join billing.document d on d.id = x.document_id where d.issued_at <= ${at}`,
    ),
  };
}

/**
 * Recomputes what the books said at an instant, from every row that stood then, in one snapshot of the database. The
 * chain of hashes and the gaps of numbers are those of today: `proveLedger`.
 */
export async function proveLedgerAt(
  database: Kysely<TenantDatabase>,
  at: Date,
  timeZone: string,
): Promise<ProofAt> {
  const stood = postedBy(at, timeZone);
  return database
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (transaction) => {
      const findings: string[] = [];
      for (const [invariant, check] of Object.entries(checksAt(at, stood))) {
        const { rows } = await sql<{ what: string }>`${check}`.execute(transaction);
        for (const { what } of rows) findings.push(`${what}: not true that ${invariant}`);
      }
      const { rows: counts } = await sql<{ transactions: bigint; documents: bigint }>`
        select (select count(*) from billing.ledger_transaction t where ${stood}) as transactions,
          (select count(*) from billing.document where issued_at <= ${at}) as documents`.execute(transaction);
      const { rows: revenue } = await sql<PeriodRevenue>`
        select date_trunc('month', l.from_day)::date::text as month, l.product_class as "productClass", d.currency,
          sum(l.net_minor)::bigint as net, count(*) as lines
        from billing.document_line l join billing.document d on d.id = l.document_id where d.issued_at <= ${at}
        group by 1, 2, 3 order by 1, 2, 3`.execute(transaction);
      const total = (prefix: string, sign: 1 | -1) => totalsAt(transaction, prefix, sign, stood);
      return {
        at,
        transactions: counts[0]?.transactions ?? 0n,
        documents: counts[0]?.documents ?? 0n,
        receivable: await total('receivable:', 1),
        unapplied: await total('unappliedCash:', -1),
        prepaid: await total('prepaid:', -1),
        deposits: await total('deposit:', -1),
        vouchers: await total('voucherLiability', -1),
        revenue,
        findings,
      };
    });
}

async function totalsAt(
  transaction: Transaction<TenantDatabase>,
  prefix: string,
  sign: 1 | -1,
  stood: RawBuilder<boolean>,
): Promise<InCurrency[]> {
  const { rows } = await sql<InCurrency>`
    select (${sign}::int * sum(e.amount_minor))::bigint as minor, e.currency
    from billing.ledger_entry e join billing.ledger_transaction t using (kind, ref)
    where starts_with(e.account, ${prefix}) and ${stood} group by e.currency order by e.currency`.execute(
    transaction,
  );
  return rows;
}

/** An account of the ledger at an instant; debits above zero. */
export interface AccountBalance {
  readonly account: string;
  readonly currency: string;
  readonly balance: bigint;
  readonly at: Date;
}

/** The accounts whose names begin so, that are not at zero, by size. */
export async function balancesAt(
  db: Kysely<TenantDatabase>,
  prefix: string,
  at: Date,
  timeZone: string,
  limit: number,
): Promise<AccountBalance[]> {
  const { rows } = await sql<Omit<AccountBalance, 'at'>>`
    select e.account, e.currency, sum(e.amount_minor)::bigint as balance
    from billing.ledger_entry e join billing.ledger_transaction t using (kind, ref)
    where starts_with(e.account, ${prefix}) and ${postedBy(at, timeZone)}
    group by e.account, e.currency having sum(e.amount_minor) <> 0
    order by abs(sum(e.amount_minor)) desc, e.account limit ${limit}`.execute(db);
  return rows.map((row) => ({ ...row, at }));
}

/** A row that a balance is the sum of. */
export interface BalanceEntry {
  readonly on: string;
  readonly kind: string;
  readonly ref: string;
  readonly amount: bigint;
  readonly currency: string;
}

/** The entries of an account up to an instant, newest first. */
export async function entriesAt(
  db: Kysely<TenantDatabase>,
  { account, currency, at }: AccountBalance,
  timeZone: string,
  limit: number,
): Promise<BalanceEntry[]> {
  const { rows } = await sql<BalanceEntry>`
    select t.posted_on::text as "on", e.kind, e.ref, e.amount_minor as amount, e.currency
    from billing.ledger_entry e join billing.ledger_transaction t using (kind, ref)
    where e.account = ${account} and e.currency = ${currency} and ${postedBy(at, timeZone)}
    order by t.posted_on desc, t.posted_at desc nulls last, e.ref desc, e.kind limit ${limit}`.execute(db);
  return rows;
}
