import type { TenantDatabase } from '@dotmac/migrations';
import { type Executor, localDateAt } from '@dotmac/platform';
import { NotFoundError, StalePlanError, ValidationError } from '@dotmac/schema';
import type { BillingServices } from '../builder.ts';
import { creditNoteDraft } from '../credit/rules-note.ts';
import { creditableInvoice } from '../credit/store.ts';
import type { Draft } from '../document/rules-draft.ts';
import { relieve } from '../dunning/relief.ts';
import { type Act, issueDrafts } from '../run/issue.ts';
import { fingerprintOf } from '../run/rules.ts';
import { dayOfText } from '../run/run.ts';
import { lockAccounts } from '../run/store.ts';
import { outageCredit } from './rules.ts';
import {
  chargedPeriod,
  creditsById,
  decideCredit,
  lockCredits,
  type OutageCredit,
  outagePolicy,
} from './store.ts';

/** Proposals to decide together; nothing never means all. */
export interface CreditApproval {
  readonly ids: readonly string[];
}

interface PlannedCredit {
  readonly credit: OutageCredit;
  readonly draft: Draft;
}

/**
 * The credit notes as they would be issued, one for each proposal.
 * @throws ValidationError, NotFoundError naming the proposal that cannot be approved, and why
 */
export async function planOutageCredits(
  services: Pick<BillingServices, 'tenant'>,
  db: Executor<TenantDatabase>,
  { ids }: CreditApproval,
  act: Act,
): Promise<{ readonly planned: readonly PlannedCredit[]; readonly fingerprint: string }> {
  if (ids.length === 0)
    throw new ValidationError('input.ids', 'Name at least one proposal; none never means all');
  if (ids.length > 1_000) throw new ValidationError('input.ids', 'Decide at most 1000 proposals at once');
  const credits = await creditsById(db, ids);
  const policy = await outagePolicy(db);
  const planned: PlannedCredit[] = [];
  for (const [index, id] of ids.entries()) {
    const field = `input.ids[${index}]`;
    const credit = credits.find((one) => one.id === id);
    if (credit === undefined) throw new NotFoundError('OutageCredit', id);
    if (planned.some((one) => one.credit.id === id)) throw new ValidationError(field, 'It is named twice');
    if (credit.state !== 'PROPOSED') throw new ValidationError(field, `${id} is ${credit.state} already`);
    planned.push({ credit, draft: await creditDraft(services, db, credit, policy, field, act) });
  }
  return { planned, fingerprint: fingerprintOf(planned.map(({ draft }) => draft)) };
}

async function creditDraft(
  { tenant }: Pick<BillingServices, 'tenant'>,
  db: Executor<TenantDatabase>,
  credit: OutageCredit,
  policy: Parameters<typeof outageCredit>[2],
  field: string,
  act: Act,
): Promise<Draft> {
  const { serviceLineId, incidentId, summary, fromAt, toAt, downSeconds } = credit;
  const day = localDateAt(fromAt.getTime(), tenant?.timeZone ?? 'UTC');
  const period = await chargedPeriod(db, serviceLineId, day);
  if (period === null)
    throw new ValidationError(field, `No invoice charges the service for ${day} yet; approve it after that`);
  const outage = { from: fromAt.getTime(), to: toAt.getTime(), downSeconds, incidentId, summary };
  const { amount, explanation } = outageCredit(period, outage, policy, period.left);
  if (amount === 0n) throw new ValidationError(field, 'Nothing was charged for that time: reject it');
  const invoice = await creditableInvoice(db, period.invoiceId);
  if (invoice === null) throw new NotFoundError('Invoice', period.invoiceId);
  const reason = `Outage ${incidentId}: ${summary}, ${fromAt.toISOString()} to ${toAt.toISOString()}`;
  const request = [{ lineId: period.lineId, amount, gross: period.gross, description: reason, explanation }];
  const note = creditNoteDraft(invoice, request, { reason, today: dayOfText(act.today) });
  if (!note.ok) throw new ValidationError(field, note.message);
  return note.draft;
}

/**
 * Issues what the plan with this fingerprint said, all of it or nothing.
 * @throws StalePlanError when the same computation, now under lock, says something else
 */
export async function applyOutageCredits(
  services: BillingServices,
  approval: CreditApproval & { readonly fingerprint: string },
  act: Act,
): Promise<string[]> {
  return services.database.transaction().execute(async (transaction) => {
    const customers = (await creditsById(transaction, approval.ids)).map(({ customerId }) => customerId);
    await lockAccounts(transaction, customers);
    await lockCredits(transaction, approval.ids);
    const { planned, fingerprint } = await planOutageCredits(services, transaction, approval, act);
    if (fingerprint !== approval.fingerprint) throw new StalePlanError();
    // Two credits of one line are cut from what the earlier one left, so they cannot be issued from one plan.
    const lines = planned.flatMap(({ draft }) =>
      draft.lines.map(({ explanation }) => explanation.facts.line),
    );
    if (new Set(lines).size !== lines.length)
      throw new ValidationError(
        'input.ids',
        'Two of them are of one invoice line: approve them one after the other',
      );
    const drafts = planned.map(({ draft }) => draft);
    const issued = await issueDrafts(transaction, services, drafts, act);
    for (const { credit, draft } of planned) {
      const note = issued.find((one) => one.draft === draft);
      await decideCredit(transaction, credit.id, {
        state: 'APPROVED',
        decidedBy: act.actor,
        decidedAt: new Date(act.now),
        because: draft.reason ?? '',
        creditNoteId: note?.id ?? null,
      });
    }
    for (const customerId of new Set(customers)) await relieve(transaction, customerId, 'credited', act);
    return approval.ids.slice();
  });
}
