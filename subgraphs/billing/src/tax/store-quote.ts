import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor, SecretBox } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';
import type { Quote } from './rules-quote.ts';

const tokenPurpose = 'tax-service';

export type TaxService = Selectable<TenantDatabase['billing.taxService']>;

/** Null: the rates of quoted places are not known, and nobody there is billed. */
export async function taxService(db: Executor<TenantDatabase>): Promise<TaxService | null> {
  return (await db.selectFrom('billing.taxService').selectAll().executeTakeFirst()) ?? null;
}

export const openToken = (secrets: SecretBox, { sealedToken }: TaxService): string | null =>
  sealedToken === null ? null : secrets.open(sealedToken, tokenPurpose);

/** Another service in the place of one forgets what that one said. */
export async function saveTaxService(
  transaction: Transaction<TenantDatabase>,
  secrets: SecretBox,
  service: Omit<TaxService, 'id' | 'sealedToken'> & { readonly token: string | null },
): Promise<TaxService> {
  const { token, ...rest } = service;
  const row = { ...rest, sealedToken: token === null ? null : secrets.seal(token, tokenPurpose) };
  await removeTaxService(transaction);
  return transaction.insertInto('billing.taxService').values(row).returningAll().executeTakeFirstOrThrow();
}

export async function removeTaxService(transaction: Transaction<TenantDatabase>): Promise<void> {
  await transaction.deleteFrom('billing.taxQuote').execute();
  await transaction.deleteFrom('billing.taxService').execute();
}

/** Quotes that may still be billed by. */
export async function freshQuotes(db: Executor<TenantDatabase>): Promise<Quote[]> {
  const { rows } = await sql<Quote>`
    select jurisdiction, rates, source from billing.tax_quote where expires_at > now()`.execute(db);
  return rows;
}

/** Quoted places of accounts that are due on a local day (ISO) whose quotes are in the second half of their life, or gone. */
export async function placesToAsk(db: Executor<TenantDatabase>, runDate: string): Promise<string[]> {
  const { rows } = await sql<{ place: string }>`
    select distinct place from billing.account, unnest(tax_jurisdictions) as place
    where next_bill_on <= ${runDate}::date and place ~ '^US(-|$)' and not exists (
      select from billing.tax_quote where jurisdiction = place and now() < fetched_at + (expires_at - fetched_at) / 2)
    order by place`.execute(db);
  return rows.map(({ place }) => place);
}

export async function saveQuotes(
  db: Executor<TenantDatabase>,
  quotes: readonly Quote[],
  maximumAgeHours: number,
): Promise<void> {
  for (const { jurisdiction, rates, source } of quotes)
    await sql`
      insert into billing.tax_quote (jurisdiction, rates, source, fetched_at, expires_at)
      values (${jurisdiction}, ${JSON.stringify(rates)}::jsonb, ${source}, now(), now() + make_interval(hours => ${maximumAgeHours}::int))
      on conflict (jurisdiction) do update set rates = excluded.rates, source = excluded.source,
        fetched_at = excluded.fetched_at, expires_at = excluded.expires_at`.execute(db);
}
