import type { TenantDatabase } from '@dotmac/migrations';
import { type Kysely, sql, type Transaction } from 'kysely';
import { chainHashOfText, GENESIS_HASH } from '../numbering/rules.ts';

export interface LedgerProof {
  readonly transactions: bigint;
  readonly documents: bigint;
  readonly receivable: readonly { readonly minor: bigint; readonly currency: string }[];
  readonly unapplied: readonly { readonly minor: bigint; readonly currency: string }[];
  readonly prepaid: readonly { readonly minor: bigint; readonly currency: string }[];
  /** What does not hold, in words. */
  readonly findings: string[];
}

/** Each statement lists what contradicts the invariant that its name tells. */
const checks = {
  'a ledger transaction sums to zero': sql<{ what: string }>`
    select kind || ' ' || ref as what from billing.ledger_entry group by kind, ref, currency having sum(amount_minor) <> 0`,
  'the receivable of a customer is what his invoices leave open': sql<{ what: string }>`
    select coalesce(l.customer, o.customer_id) as what
    from (select substr(account, 12) as customer, currency, sum(amount_minor) as total
      from billing.ledger_entry where account like 'receivable:%' group by 1, 2) l
    full join (select customer_id, currency, sum(open_minor) as total from billing.open_item group by 1, 2) o
      on o.customer_id = l.customer and o.currency = l.currency
    where coalesce(l.total, 0) <> coalesce(o.total, 0)`,
  'the unapplied cash of a customer, or his prepaid balance, is his credit': sql<{ what: string }>`
    select coalesce(l.customer, c.customer_id) as what
    from (select substr(account, strpos(account, ':') + 1) as customer, currency, -sum(amount_minor) as total
      from billing.ledger_entry where account like 'unappliedCash:%' or account like 'prepaid:%' group by 1, 2) l
    full join (select customer_id, currency, sum(open_minor) as total from billing.credit_item group by 1, 2) c
      on c.customer_id = l.customer and c.currency = l.currency
    where coalesce(l.total, 0) <> coalesce(c.total, 0)`,
  'the money of who pays ahead stands in his prepaid account, that of nobody else does, and it is never below zero': sql<{
    what: string;
  }>`
    select account as what from billing.ledger_entry where account like 'unappliedCash:%' or account like 'prepaid:%'
    group by account, currency
    having case when account like 'prepaid:%' then sum(amount_minor) > 0 else false end
      or (sum(amount_minor) <> 0 and (account like 'prepaid:%') <> exists (select from billing.prepaid p
        where p.customer_id = substr(account, strpos(account, ':') + 1)))`,
  'every refund of a balance is posted, and nothing else': sql<{ what: string }>`
    select coalesce(r.id, t.ref) as what from billing.prepaid_refund r
    full join (select * from billing.ledger_transaction where kind = 'prepaidRefund') t on t.ref = r.id
    where r.id is null or t.ref is null
      or r.amount_minor <> (select sum(amount_minor) from billing.prepaid_refund_part p where p.refund_id = r.id)`,
  'an invoice is open for its gross less what was allocated': sql<{ what: string }>`
    select d.number as what from billing.document d
    left join billing.open_item o on o.document_id = d.id
    left join (select document_id, sum(amount_minor) as total from billing.allocation group by 1) a on a.document_id = d.id
    where d.type = 'INVOICE' and o.open_minor is distinct from d.gross_minor - coalesce(a.total, 0)`,
  'a document is the sum of its lines': sql<{ what: string }>`
    select d.number as what from billing.document d
    left join (select document_id, sum(net_minor) as net, sum(tax_minor) as tax from billing.document_line group by 1) l
      on l.document_id = d.id
    where d.net_minor <> coalesce(l.net, 0) or d.tax_minor <> coalesce(l.tax, 0)`,
  'every document is posted, and nothing else': sql<{ what: string }>`
    select coalesce(d.id, t.ref) as what from billing.document d
    full join (select * from billing.ledger_transaction where kind in ('invoice', 'creditNote')) t on t.ref = d.id
    where d.id is null or t.ref is null`,
  'every payment, return, write-off and rounding of cash is posted, and nothing else': sql<{ what: string }>`
    select coalesce(m.id, t.ref) as what from (
      select 'payment' as kind, id from billing.payment union all select kind, id from billing.payment_return where kind <> 'reversal'
      union all select case when amount_minor > 0 then 'writeOff' else 'recovery' end, id from billing.write_off
      union all select 'cashRounding', id from billing.cash_rounding) m
    full join (select * from billing.ledger_transaction
      where kind in ('payment', 'refund', 'chargeback', 'writeOff', 'recovery', 'cashRounding')) t on (t.kind, t.ref) = (m.kind, m.id)
    where m.id is null or t.ref is null`,
  'the deposits of a customer are what is held of them': sql<{ what: string }>`
    select coalesce(l.customer, d.customer_id) as what
    from (select substr(account, 9) as customer, currency, -sum(amount_minor) as total
      from billing.ledger_entry where account like 'deposit:%' group by 1, 2) l
    full join (select customer_id, currency, sum(amount_minor - coalesce((select sum(r.amount_minor)
        from billing.deposit_release r where r.deposit_id = d.id), 0)) as total
      from billing.deposit d group by 1, 2) d on d.customer_id = l.customer and d.currency = l.currency
    where coalesce(l.total, 0) <> coalesce(d.total, 0)`,
  'what is in suspense are the bank lines that nobody was matched to': sql<{ what: string }>`
    select coalesce(l.currency, b.currency) as what
    from (select currency, -sum(amount_minor) as total from billing.ledger_entry where account = 'suspense' group by 1) l
    full join (select b.currency, sum(amount_minor) as total from billing.bank_line b
      where not exists (select from billing.bank_match m where m.line_id = b.id and not exists (
        select from billing.payment_return r where r.payment_id = m.payment_id and r.kind = 'reversal'))
      group by 1) b on b.currency = l.currency
    where coalesce(l.total, 0) <> coalesce(b.total, 0)`,
  'what is owed for vouchers are those that were neither redeemed, logged in with, revoked nor expired': sql<{
    what: string;
  }>`
    select coalesce(l.currency, v.currency) as what
    from (select currency, -sum(amount_minor) as total from billing.ledger_entry where account = 'voucherLiability' group by 1) l
    full join (select b.currency, sum(b.amount_minor) as total from billing.voucher v
      join billing.voucher_batch b on b.id = v.batch_id
      where not exists (select from billing.voucher_redemption r where r.voucher_id = v.id)
        and not exists (select from billing.voucher_use u where u.voucher_id = v.id)
        and not exists (select from billing.voucher_expiry e where e.voucher_id = v.id)
        and not exists (select from billing.voucher_revocation x where x.voucher_id = v.id) group by 1) v
      on v.currency = l.currency
    where coalesce(l.total, 0) <> coalesce(v.total, 0)`,
  'revenue is the net of the documents': sql<{ what: string }>`
    select coalesce(l.currency, d.currency) as what
    from (select currency, -sum(amount_minor) as total from billing.ledger_entry where account like 'revenue:%' group by 1) l
    full join (select currency, sum(net_minor) as total from billing.document group by 1) d on d.currency = l.currency
    where coalesce(l.total, 0) <> coalesce(d.total, 0)`,
  'numbers of a series have no gap': sql<{ what: string }>`
    select s.id as what from billing.series s
    left join (select type, count(*) as count, max(sequence) as last from billing.document group by 1) d on d.type = s.id
    where coalesce(d.count, 0) <> s.next_number - 1 or coalesce(d.last, 0) <> s.next_number - 1`,
};

/** Recomputes from every row whether the books hold, in one snapshot of the database. */
export async function proveLedger(database: Kysely<TenantDatabase>): Promise<LedgerProof> {
  return database
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (transaction) => {
      const findings: string[] = [];
      for (const [invariant, check] of Object.entries(checks)) {
        const { rows } = await check.execute(transaction);
        for (const { what } of rows) findings.push(`${what}: not true that ${invariant}`);
      }
      findings.push(...(await brokenChains(transaction)));
      const { rows: counts } = await sql<{ transactions: bigint; documents: bigint }>`
        select (select count(*) from billing.ledger_transaction) as transactions,
          (select count(*) from billing.document) as documents`.execute(transaction);
      return {
        transactions: counts[0]?.transactions ?? 0n,
        documents: counts[0]?.documents ?? 0n,
        receivable: await totals(transaction, 'receivable:%', 1),
        unapplied: await totals(transaction, 'unappliedCash:%', -1),
        prepaid: await totals(transaction, 'prepaid:%', -1),
        findings,
      };
    });
}

async function totals(transaction: Transaction<TenantDatabase>, pattern: string, sign: 1 | -1) {
  const { rows } = await sql<{ minor: bigint; currency: string }>`
    select (${sign}::int * sum(amount_minor))::bigint as minor, currency from billing.ledger_entry
    where account like ${pattern} group by currency order by currency`.execute(transaction);
  return rows;
}

const pageSize = 2_000;

/** Follows each series' chain of hashes to its end. */
async function brokenChains(transaction: Transaction<TenantDatabase>): Promise<string[]> {
  const series = await transaction.selectFrom('billing.series').selectAll().execute();
  const broken: string[] = [];
  for (const { id, lastHash } of series) {
    let hash = GENESIS_HASH;
    for (let last = 0n; ; ) {
      const rows = await transaction
        .selectFrom('billing.document')
        .select(['sequence', 'number', 'snapshot', 'hash'])
        .where('type', '=', id)
        .where('sequence', '>', last)
        .orderBy('sequence')
        .limit(pageSize)
        .execute();
      for (const row of rows) {
        hash = chainHashOfText(hash, row.snapshot);
        if (hash !== row.hash) broken.push(`${row.number}: not true that the chain of hashes holds`);
        hash = row.hash;
        last = row.sequence;
      }
      if (rows.length < pageSize) break;
    }
    if (hash !== lastHash) broken.push(`${id}: not true that the series ends with its last document`);
  }
  return broken;
}
