import type { TenantDatabase } from '@dotmac/migrations';
import { newId } from '@dotmac/platform';
import { ConflictError, NotFoundError, ValidationError } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { accountsById, lockedAccount } from '../account/store.ts';
import type { BillingServices } from '../builder.ts';
import { reversal } from '../ledger/rules.ts';
import { postSuspense } from '../ledger/rules-postings.ts';
import { post } from '../ledger/store.ts';
import { receiveIn } from '../payment/receive.ts';
import { writeReturn } from '../return/return.ts';
import type { Act } from '../run/issue.ts';
import { camt053Statement } from './rules-camt053.ts';
import { csvStatement } from './rules-csv.ts';
import { lineHashes, type StatementResult } from './rules-line.ts';
import { type MatchReason, matchLine } from './rules-match.ts';
import { type BankLine, insertBankLine, insertBankMatch, lockedBankLine, matchCandidates } from './store.ts';

export interface StatementFile {
  readonly format: 'CAMT_053' | 'CSV';
  readonly content: string;
  /** Of a CSV, which does not say it. */
  readonly account: string | null;
}

export interface StatementImport {
  readonly lines: readonly BankLine[];
  /** Lines that were imported before. */
  readonly duplicates: number;
  readonly skipped: number;
}

const method = 'bankTransfer';

function parse({ format, content, account }: StatementFile): Extract<StatementResult, { ok: true }> {
  if (format === 'CSV' && (account === null || account.trim() === ''))
    throw new ValidationError('input.account', 'A CSV does not say which account it is of: name it');
  const result = format === 'CSV' ? csvStatement(content, account ?? '') : camt053Statement(content);
  if (!result.ok) throw new ValidationError('input.content', `Line ${result.at}: ${result.message}`);
  return result;
}

/**
 * Takes a statement in, all of it or nothing: what can be matched becomes payments, the rest waits in suspense. Lines
 * that are there already do nothing.
 * @throws ValidationError with the line and the reason.
 */
export async function importStatement(
  services: BillingServices,
  file: StatementFile,
  act: Act,
): Promise<StatementImport> {
  const { lines, skipped } = parse(file);
  const hashes = lineHashes(lines);
  return services.database.transaction().execute(async (transaction) => {
    const candidates = await matchCandidates(transaction, lines);
    const found = lines.map((line, index) => ({
      line,
      hash: hashes[index] ?? '',
      match: matchLine(line, candidates),
    }));
    // Accounts are locked one by one, in the order of everybody who locks several.
    const customerOf = ({ match }: (typeof found)[number]) => match?.invoice.customerId ?? '';
    const ordered = found.toSorted((a, b) => (customerOf(a) < customerOf(b) ? -1 : 1));
    const imported: BankLine[] = [];
    for (const { line, hash, match } of ordered) {
      const { account, bookedOn, currency, amount, payer, remittance } = line;
      const row = await insertBankLine(transaction, {
        id: newId('bnk', services.clock),
        hash,
        account,
        bookedOn,
        currency,
        amountMinor: amount,
        payer,
        remittance,
        importedOn: act.today,
      });
      if (row === null) continue;
      await post(transaction, [suspenseOf(row)], act.today, new Date(act.now));
      const own = match?.invoice;
      const [holder] = own === undefined ? [] : await accountsById(transaction, [own.customerId]);
      imported.push(
        own === undefined || match === undefined || holder?.currency !== currency
          ? row
          : await assign(transaction, services, row, own.customerId, own.id, match.because, act),
      );
    }
    return { lines: imported, duplicates: lines.length - imported.length, skipped };
  });
}

const suspenseOf = (line: BankLine) =>
  postSuspense({
    ref: `${line.id}:${line.matches}`,
    currency: line.currency,
    amount: line.amountMinor,
    gateway: method,
  });

/** Turns a line in suspense into a payment. An invoice that is paid already is not insisted on. */
async function assign(
  transaction: Transaction<TenantDatabase>,
  services: BillingServices,
  line: BankLine,
  customerId: string,
  invoiceId: string | null,
  because: MatchReason | 'person',
  act: Act,
): Promise<BankLine> {
  const { id: lineId, matches, currency, amountMinor } = line;
  const out = suspenseOf(line);
  await post(transaction, [reversal(out, 'suspenseMatched', out.ref)], act.today, new Date(act.now));
  const payment = await receiveIn(
    transaction,
    services,
    {
      customerId,
      amount: { minor: amountMinor, currency },
      method,
      reference: `${line.hash}:${matches}`,
      invoiceId,
    },
    act,
    because !== 'person',
  );
  await insertBankMatch(transaction, { lineId, ordinal: matches + 1, paymentId: payment.id, because });
  return { ...line, paymentId: payment.id, matches: matches + 1 };
}

/** Somebody says whose a line in suspense is. */
export async function matchBankLine(
  services: BillingServices,
  request: { readonly lineId: string; readonly customerId: string; readonly invoiceId: string | null },
  act: Act,
): Promise<BankLine> {
  return services.database.transaction().execute(async (transaction) => {
    const line = await lockedBankLine(transaction, request.lineId);
    if (line === null) throw new NotFoundError('BankLine', request.lineId);
    if (line.paymentId !== null)
      throw new ConflictError('ALREADY_MATCHED', 'The line is matched: undo that first');
    return assign(transaction, services, line, request.customerId, request.invoiceId, 'person', act);
  });
}

/** Takes a match back: its payment is reversed, and the line waits in suspense again. */
export async function undoBankMatch(
  services: BillingServices,
  request: { readonly lineId: string; readonly reason: string },
  act: Act,
): Promise<BankLine> {
  if (request.reason.trim() === '') throw new ValidationError('input.reason', 'Say why: it is kept');
  return services.database.transaction().execute(async (transaction) => {
    const line = await lockedBankLine(transaction, request.lineId);
    if (line === null) throw new NotFoundError('BankLine', request.lineId);
    if (line.paymentId === null) throw new ConflictError('NOT_MATCHED', 'The line is in suspense already');
    const payment = await transaction
      .selectFrom('billing.payment')
      .select('customerId')
      .where('id', '=', line.paymentId)
      .executeTakeFirstOrThrow();
    await lockedAccount(transaction, payment.customerId);
    await writeReturn(
      transaction,
      services,
      {
        kind: 'reversal',
        paymentId: line.paymentId,
        amount: { minor: line.amountMinor, currency: line.currency },
        fee: 0n,
        reference: line.id,
        reason: request.reason,
      },
      act,
    );
    const undone = { ...line, paymentId: null };
    await post(transaction, [suspenseOf(undone)], act.today, new Date(act.now));
    return undone;
  });
}
