import type { PlatformDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Insertable, type Selectable, sql, type Transaction } from 'kysely';
import type { CommissionEntry } from '../commission/store.ts';

export type Statement = Selectable<PlatformDatabase['partners.statement']> & {
  readonly approvedAt: Date | null;
  readonly paidAt: Date | null;
  /** Of the transfer; null until it is paid. */
  readonly reference: string | null;
};

/** Entries that no statement has yet and that could be paid out before an instant, oldest first. */
export async function dueEntries(
  db: Executor<PlatformDatabase>,
  before: Date,
): Promise<readonly CommissionEntry[]> {
  return db
    .selectFrom('partners.commissionEntry as entry')
    .selectAll('entry')
    .where('entry.availableAt', '<', before)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('partners.statementLine as line')
            .select('line.entryId')
            .whereRef('line.entryId', '=', 'entry.id'),
        ),
      ),
    )
    .orderBy('entry.partnerId')
    .orderBy('entry.currency')
    .orderBy('entry.earnedAt')
    .orderBy('entry.id')
    .execute();
}

/** Statements are made one run after the other: what the run before wrote is seen. */
export async function lockPartners(transaction: Transaction<PlatformDatabase>): Promise<void> {
  await transaction.selectFrom('partners.partner').select('id').orderBy('id').forUpdate().execute();
}

/** Of a partner, locked: its statements are approved and paid one after the other. */
export async function lockPartner(transaction: Transaction<PlatformDatabase>, id: string): Promise<void> {
  await transaction.selectFrom('partners.partner').select('id').where('id', '=', id).forUpdate().execute();
}

export type LastStatement = Pick<Statement, 'partnerId' | 'number' | 'hash'>;

/** The newest statement of each partner, whatever its currency. */
export function lastStatements(
  db: Executor<PlatformDatabase>,
  partnerIds: readonly string[],
): Promise<LastStatement[]> {
  return db
    .selectFrom('partners.statement')
    .distinctOn('partnerId')
    .select(['partnerId', 'number', 'hash'])
    .where('partnerId', 'in', partnerIds)
    .orderBy('partnerId')
    .orderBy('number', 'desc')
    .execute();
}

/** What the newest statement in each currency carried, and until when it went. */
export function carriedBalances(
  db: Executor<PlatformDatabase>,
  partnerIds: readonly string[],
): Promise<Pick<Statement, 'partnerId' | 'currency' | 'carriedMinor' | 'until'>[]> {
  return db
    .selectFrom('partners.statement')
    .distinctOn(['partnerId', 'currency'])
    .select(['partnerId', 'currency', 'carriedMinor', 'until'])
    .where('partnerId', 'in', partnerIds)
    .orderBy('partnerId')
    .orderBy('currency')
    .orderBy('number', 'desc')
    .execute();
}

/** From which amount each partner is paid, in whole units of the currency: as agreed at an instant. */
export function minimumPayouts(
  db: Executor<PlatformDatabase>,
  partnerIds: readonly string[],
  at: Date,
): Promise<{ readonly partnerId: string; readonly minimumPayout: number }[]> {
  return db
    .selectFrom('partners.agreement')
    .distinctOn('partnerId')
    .select(['partnerId', 'minimumPayout'])
    .where('partnerId', 'in', partnerIds)
    .where('validFrom', '<=', at)
    .orderBy('partnerId')
    .orderBy('version', 'desc')
    .execute();
}

/** Writes a statement with its lines. The primary key of a line refuses an entry that another statement has. */
export async function insertStatement(
  transaction: Transaction<PlatformDatabase>,
  statement: Insertable<PlatformDatabase['partners.statement']>,
  entryIds: readonly string[],
): Promise<void> {
  const { id: statementId, partnerId, currency } = statement;
  await transaction.insertInto('partners.statement').values(statement).execute();
  await sql`insert into partners.statement_line (entry_id, statement_id, partner_id, currency)
    select entry_id, ${statementId}, ${partnerId}, ${currency} from unnest(${entryIds}::text[]) as entry_id`.execute(
    transaction,
  );
}

export const insertApproval = (
  transaction: Transaction<PlatformDatabase>,
  approval: Insertable<PlatformDatabase['partners.statementApproval']>,
) => transaction.insertInto('partners.statementApproval').values(approval).execute();

export const insertPayment = (
  transaction: Transaction<PlatformDatabase>,
  payment: Insertable<PlatformDatabase['partners.statementPayment']>,
) => transaction.insertInto('partners.statementPayment').values(payment).execute();

const statements = (db: Executor<PlatformDatabase>) =>
  db
    .selectFrom('partners.statement as statement')
    .leftJoin('partners.statementApproval as approval', 'approval.statementId', 'statement.id')
    .leftJoin('partners.statementPayment as payment', 'payment.statementId', 'statement.id')
    .selectAll('statement')
    .select(['approval.approvedAt', 'payment.paidAt', 'payment.reference']);

export function statementsById(db: Executor<PlatformDatabase>, ids: readonly string[]): Promise<Statement[]> {
  return statements(db).where('statement.id', 'in', ids).execute();
}

/** Newest first. */
export function statementsOfPartners(
  db: Executor<PlatformDatabase>,
  partnerIds: readonly string[],
): Promise<Statement[]> {
  return statements(db)
    .where('statement.partnerId', 'in', partnerIds)
    .orderBy('statement.number', 'desc')
    .execute();
}

export type StatementEntry = CommissionEntry & { readonly statementId: string };

/** In the order in which they are hashed. */
export function linesOfStatements(
  db: Executor<PlatformDatabase>,
  statementIds: readonly string[],
): Promise<StatementEntry[]> {
  return db
    .selectFrom('partners.statementLine as line')
    .innerJoin('partners.commissionEntry as entry', 'entry.id', 'line.entryId')
    .selectAll('entry')
    .select('line.statementId')
    .where('line.statementId', 'in', statementIds)
    .orderBy('entry.earnedAt')
    .orderBy('entry.id')
    .execute();
}
