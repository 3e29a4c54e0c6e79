import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { NotFoundError, StalePlanError, ValidationError } from '@dotmac/schema';
import { lockedAccount } from '../account/store.ts';
import type { BillingServices } from '../builder.ts';
import type { Draft } from '../document/rules-draft.ts';
import type { IssuedDocument } from '../document/store.ts';
import { relieve } from '../dunning/relief.ts';
import { type Act, issueDrafts } from '../run/issue.ts';
import { fingerprintOf } from '../run/rules.ts';
import { dayOfText } from '../run/run.ts';
import { creditNoteDraft } from './rules-note.ts';
import type { CreditLine } from './rules-note-types.ts';
import { creditableInvoice } from './store.ts';

export interface CreditRequest {
  readonly invoiceId: string;
  readonly lines: readonly CreditLine[];
  readonly reason: string;
}

/**
 * The credit note as it would be issued.
 * @throws ValidationError, NotFoundError
 */
export async function planCreditNote(
  db: Executor<TenantDatabase>,
  request: CreditRequest,
  act: Act,
): Promise<{ readonly draft: Draft; readonly fingerprint: string }> {
  if (request.reason.trim() === '') throw new ValidationError('input.reason', 'Say why: it is on the note');
  const invoice = await creditableInvoice(db, request.invoiceId);
  if (invoice === null) throw new NotFoundError('Invoice', request.invoiceId);
  const result = creditNoteDraft(invoice, request.lines, {
    reason: request.reason,
    today: dayOfText(act.today),
  });
  if (!result.ok) throw new ValidationError(result.field, result.message);
  return { draft: result.draft, fingerprint: fingerprintOf([result.draft]) };
}

/**
 * Issues what the plan with this fingerprint said: off the invoice first, then off the oldest, the rest is credit. Sent
 * again it is stale, because the note is among what is credited then.
 */
export async function applyCreditNote(
  services: BillingServices,
  request: CreditRequest,
  fingerprint: string,
  act: Act,
): Promise<IssuedDocument> {
  return services.database.transaction().execute(async (transaction) => {
    const invoice = await creditableInvoice(transaction, request.invoiceId);
    if (invoice === null) throw new NotFoundError('Invoice', request.invoiceId);
    await lockedAccount(transaction, invoice.customerId);
    const plan = await planCreditNote(transaction, request, act);
    if (plan.fingerprint !== fingerprint) throw new StalePlanError();
    const [issued] = await issueDrafts(transaction, services, [plan.draft], act);
    if (issued === undefined) throw new Error('a draft was issued and is not there');
    await relieve(transaction, invoice.customerId, 'credited', act);
    return issued;
  });
}
