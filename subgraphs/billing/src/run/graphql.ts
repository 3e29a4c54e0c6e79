import { applyMode, NotFoundError, requireFingerprint, ValidationError } from '@dotmac/schema';
import { CustomerRef } from '../account/type.ts';
import { actOf } from '../act.ts';
import { type BillingContext, builder } from '../builder.ts';
import { formatDay, parseDay } from '../calendar/rules.ts';
import type { Draft, DraftLine } from '../document/rules-draft.ts';
import type { Document } from '../document/store.ts';
import { CreditNoteRef, ExplanationRef, InvoiceRef, LineKindEnum } from '../document/type.ts';
import { orFailure, planFailures } from '../outcome.ts';
import { refreshQuotes } from '../tax/quote.ts';
import { applyPlan, type Problem, planRun, type RunPlan, type RunResult, runBilling } from './run.ts';

export const ApplyModeEnum = builder.enumType('ApplyMode', applyMode);

const PreviewLineRef = builder.objectRef<DraftLine & { readonly currency: string }>('PreviewLine').implement({
  fields: (t) => ({
    kind: t.expose('kind', { type: LineKindEnum }),
    description: t.exposeString('description'),
    from: t.field({ type: 'LocalDate', resolve: ({ from }) => formatDay(from) }),
    to: t.field({
      type: 'LocalDate',
      description: 'The first day that is not part of it.',
      resolve: ({ to }) => formatDay(to),
    }),
    days: t.exposeInt('days'),
    ofDays: t.exposeInt('ofDays'),
    net: t.field({ type: 'Money', resolve: ({ net, currency }) => ({ minor: net, currency }) }),
    tax: t.field({ type: 'Money', resolve: ({ tax, currency }) => ({ minor: tax, currency }) }),
    explain: t.field({ type: ExplanationRef, resolve: ({ explanation }) => explanation }),
  }),
});

const DocumentTypeEnum = builder.enumType('DocumentType', { values: ['INVOICE', 'CREDIT_NOTE'] as const });

export const PreviewDocumentRef = builder.objectRef<Draft>('PreviewDocument').implement({
  description: 'A document as it would be issued; a credit note has amounts below zero.',
  fields: (t) => ({
    type: t.expose('type', { type: DocumentTypeEnum }),
    customer: t.field({ type: CustomerRef, resolve: ({ customerId }) => ({ id: customerId }) }),
    lines: t.field({
      type: [PreviewLineRef],
      resolve: ({ lines, currency }) => lines.map((line) => ({ ...line, currency })),
    }),
    net: t.field({ type: 'Money', resolve: ({ net, currency }) => ({ minor: net, currency }) }),
    tax: t.field({ type: 'Money', resolve: ({ tax, currency }) => ({ minor: tax, currency }) }),
    gross: t.field({ type: 'Money', resolve: ({ gross, currency }) => ({ minor: gross, currency }) }),
  }),
});

const BillingProblemRef = builder.objectRef<Problem>('BillingProblem').implement({
  description: 'An account that cannot be billed; the others are.',
  fields: (t) => ({
    customer: t.field({ type: CustomerRef, resolve: ({ customerId }) => ({ id: customerId }) }),
    message: t.exposeString('message'),
  }),
});

/** Members of a union are told apart by this. */
class InvoicePreview {
  readonly plan: RunPlan;
  constructor(plan: RunPlan) {
    this.plan = plan;
  }
}
builder.objectType(InvoicePreview, {
  name: 'InvoicePreview',
  description: 'Exactly what APPLY with this fingerprint will issue.',
  fields: (t) => ({
    runDate: t.field({ type: 'LocalDate', resolve: ({ plan }) => plan.runDate }),
    fingerprint: t.string({ resolve: ({ plan }) => plan.fingerprint }),
    documents: t.field({ type: [PreviewDocumentRef], resolve: ({ plan }) => [...plan.drafts] }),
    problems: t.field({ type: [BillingProblemRef], resolve: ({ plan }) => [...plan.problems] }),
    totals: t.field({
      type: ['Money'],
      description: 'Signed sum of what would be issued, per currency.',
      resolve: ({ plan }) => totals(plan.drafts),
    }),
  }),
});

class InvoicesIssued {
  readonly documents: readonly Document[];
  readonly problems: readonly Problem[];
  constructor(documents: readonly Document[], problems: readonly Problem[]) {
    this.documents = documents;
    this.problems = problems;
  }
}
builder.objectType(InvoicesIssued, {
  name: 'InvoicesIssued',
  fields: (t) => ({
    invoices: t.field({
      type: [InvoiceRef],
      resolve: ({ documents }) => documents.filter(({ type }) => type === 'INVOICE'),
    }),
    creditNotes: t.field({
      type: [CreditNoteRef],
      resolve: ({ documents }) => documents.filter(({ type }) => type === 'CREDIT_NOTE'),
    }),
    problems: t.field({ type: [BillingProblemRef], resolve: ({ problems }) => [...problems] }),
  }),
});

const IssueInvoiceResult = builder.unionType('MutationIssueInvoiceResult', {
  types: [InvoicePreview, InvoicesIssued, ...planFailures],
  resolveType: (value) => {
    if (value instanceof InvoicePreview) return 'InvoicePreview';
    return value instanceof InvoicesIssued ? 'InvoicesIssued' : value.name;
  },
});

function totals(drafts: readonly Draft[]): { minor: bigint; currency: string }[] {
  const sums = new Map<string, bigint>();
  for (const { currency, gross } of drafts) sums.set(currency, (sums.get(currency) ?? 0n) + gross);
  return [...sums].map(([currency, minor]) => ({ minor, currency }));
}

const IssueInvoiceInput = builder.inputType('IssueInvoiceInput', {
  fields: (t) => ({
    customerId: t.id({ description: 'Everybody who is due when left out.' }),
    runDate: t.field({
      type: 'LocalDate',
      description: 'Bills what is due by this day; today when left out.',
    }),
    mode: t.field({ type: ApplyModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan, for APPLY.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('issueInvoice', (t) =>
  t.field({
    type: IssueInvoiceResult,
    authScopes: { scope: 'billing:write' },
    args: { input: t.arg({ type: IssueInvoiceInput, required: true }) },
    resolve: (_root, { input }, context) => orFailure(() => planOrApply(input, context)),
  }),
);

async function planOrApply(
  input: typeof IssueInvoiceInput.$inferInput,
  context: BillingContext,
): Promise<InvoicePreview | InvoicesIssued> {
  const { services, loaders } = context;
  const act = actOf(context);
  const customerId = input.customerId ?? null;
  const runDate = checkRunDate(input.runDate ?? act.today, act.today);
  if (customerId !== null && (await loaders.account.load(customerId)) === null)
    throw new NotFoundError('Customer', customerId);
  if (input.mode === 'PLAN') return new InvoicePreview(await planRun(services, runDate, customerId));
  const fingerprint = requireFingerprint(input.fingerprint);
  const issued = await applyPlan(services, { runDate, customerId, fingerprint }, act);
  return new InvoicesIssued(await loadIssued(context, issued.documents), issued.problems);
}

async function loadIssued(
  { loaders }: BillingContext,
  issued: readonly { readonly id: string }[],
): Promise<Document[]> {
  return Promise.all(issued.map(async ({ id }) => (await loaders.document.load(id)) as Document));
}

/** More than a year ahead is a slip of the pen. */
function checkRunDate(runDate: string, today: string): string {
  const [day, now] = [parseDay(runDate), parseDay(today)];
  if (day === undefined || now === undefined)
    throw new ValidationError('input.runDate', `${runDate} is not a day of the calendar`);
  if (day > now + 366) throw new ValidationError('input.runDate', `${runDate} is more than a year ahead`);
  return runDate;
}

const BillingRunRef = builder.objectRef<RunResult>('BillingRun').implement({
  fields: (t) => ({
    runDate: t.expose('runDate', { type: 'LocalDate' }),
    documents: t.exposeInt('documents'),
    totals: t.field({
      type: ['Money'],
      resolve: ({ gross }) => [...gross].map(([currency, minor]) => ({ minor, currency })),
    }),
    problems: t.field({ type: [BillingProblemRef], resolve: ({ problems }) => [...problems] }),
  }),
});

const RunBillingInput = builder.inputType('RunBillingInput', {
  fields: (t) => ({ runDate: t.field({ type: 'LocalDate' }), clientMutationId: t.string() }),
});

builder.mutationField('runBilling', (t) =>
  t.field({
    type: BillingRunRef,
    description:
      'Bills everybody who is due, in chunks; run again after a break it goes on where it was. The daily work does the same. Preview it with issueInvoice in mode PLAN.',
    authScopes: { scope: 'billing:write' },
    errors: { types: [ValidationError] },
    args: { input: t.arg({ type: RunBillingInput, required: true }) },
    resolve: async (_root, { input }, context) => {
      const act = actOf(context);
      const runDate = checkRunDate(input.runDate ?? act.today, act.today);
      await refreshQuotes(context.services, runDate);
      return runBilling(context.services, runDate, act);
    },
  }),
);

builder.queryField('billingProblems', (t) =>
  t.field({
    type: [BillingProblemRef],
    description: 'Accounts that the last run could not bill.',
    authScopes: { scope: 'billing:read' },
    resolve: (_root, _args, { services }) =>
      services.database.selectFrom('billing.problem').selectAll().orderBy('customerId').execute(),
  }),
);
