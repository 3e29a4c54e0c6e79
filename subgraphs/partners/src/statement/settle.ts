import type { PlatformDatabase } from '@dotmac/migrations';
import { appendEvents, type Executor } from '@dotmac/platform';
import {
  ConflictError,
  NotFoundError,
  type PlatformEvents,
  StalePlanError,
  ValidationError,
} from '@dotmac/schema';
import type { PartnersServices } from '../builder.ts';
import { digestOf } from './rules.ts';
import { insertApproval, insertPayment, lockPartner, type Statement, statementsById } from './store.ts';

async function statementOf(db: Executor<PlatformDatabase>, id: string): Promise<Statement> {
  const [statement] = await statementsById(db, [id]);
  if (statement === undefined) throw new NotFoundError('CommissionStatement', id);
  return statement;
}

/** Lets a statement be paid; approved again it stays as it was. @throws NotFoundError, ConflictError when nothing is to be paid */
export async function approveStatement(
  { database, clock }: PartnersServices,
  id: string,
  actor: string,
): Promise<Statement> {
  return database.transaction().execute(async (transaction) => {
    await lockPartner(transaction, (await statementOf(transaction, id)).partnerId);
    const statement = await statementOf(transaction, id);
    if (statement.payableMinor === 0n)
      throw new ConflictError('NOTHING_TO_PAY', 'The statement carries its balance: there is nothing to pay');
    if (statement.approvedAt !== null) return statement;
    const approvedAt = new Date(clock.now());
    await insertApproval(transaction, { statementId: id, approvedAt, approvedBy: actor });
    return { ...statement, approvedAt };
  });
}

export interface PayoutPlan {
  readonly statement: Statement;
  readonly fingerprint: string;
}

/** What would be marked as paid. @throws ValidationError, NotFoundError, ConflictError */
export async function planPayout(
  db: Executor<PlatformDatabase>,
  id: string,
  reference: string,
): Promise<PayoutPlan> {
  if (reference.trim() === '' || reference.length > 140)
    throw new ValidationError('input.reference', 'Name the transfer in 1 to 140 characters');
  const statement = await statementOf(db, id);
  if (statement.paidAt !== null)
    throw new ConflictError('PAID_ALREADY', `The statement was paid by ${statement.reference}`);
  if (statement.approvedAt === null)
    throw new ConflictError('NOT_APPROVED', 'Only a statement that is approved is paid');
  return { statement, fingerprint: digestOf([id, statement.hash, `${statement.payableMinor}`, reference]) };
}

/** Marks a statement as paid, once. @throws StalePlanError, and what `planPayout` throws */
export async function markPaid(
  { database, clock }: PartnersServices,
  id: string,
  reference: string,
  fingerprint: string,
  actor: string,
): Promise<PayoutPlan> {
  return database.transaction().execute(async (transaction) => {
    const { partnerId, payableMinor, currency } = await statementOf(transaction, id);
    await lockPartner(transaction, partnerId);
    const plan = await planPayout(transaction, id, reference);
    if (plan.fingerprint !== fingerprint) throw new StalePlanError();
    const now = clock.now();
    const paidAt = new Date(now);
    await insertPayment(transaction, { statementId: id, reference, paidAt, paidBy: actor });
    await appendEvents<PlatformEvents>(transaction, [
      {
        type: 'commission.paid',
        subject: partnerId,
        payload: { statementId: id, partnerId, amountMinor: `${payableMinor}`, currency, reference },
        occurredAt: now,
        actor,
      },
    ]);
    return { ...plan, statement: { ...plan.statement, paidAt, reference } };
  });
}
