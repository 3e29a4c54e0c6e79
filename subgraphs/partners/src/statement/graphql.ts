import {
  applyMode,
  ConflictError,
  NotFoundError,
  requireFingerprint,
  StalePlanError,
  ValidationError,
} from '@dotmac/schema';
import { builder } from '../builder.ts';
import { CommissionEntryRef } from '../commission/graphql.ts';
import type { Partner } from '../partner/store.ts';
import { PartnerRef } from '../partner/type.ts';
import { type DueStatement, issueStatements, planStatements } from './issue.ts';
import { approveStatement, markPaid, type PayoutPlan, planPayout } from './settle.ts';
import { type Statement, statementsById } from './store.ts';
import { DueStatementRef, StatementRef } from './type.ts';

const ApplyModeEnum = builder.enumType('ApplyMode', applyMode);

builder.objectFields(StatementRef, (t) => ({
  partner: t.field({
    type: PartnerRef,
    resolve: async ({ partnerId }, _args, { loaders }) => (await loaders.partner.load(partnerId)) as Partner,
  }),
  lines: t.field({
    type: [CommissionEntryRef],
    description: 'What it derives from, oldest first. An entry is on one statement at most.',
    resolve: async ({ id }, _args, { loaders }) => [...(await loaders.linesOfStatement.load(id))],
  }),
}));

builder.objectField(PartnerRef, 'commissionStatements', (t) =>
  t.field({
    type: [StatementRef],
    nullable: true,
    description: 'Newest first. Null for everybody but the partner itself and operators.',
    authScopes: ({ id }, _args, { principal }) =>
      principal.partnerId === id ? { scope: 'partner:read' } : { scope: 'platform:read' },
    unauthorizedResolver: () => null,
    resolve: async ({ id }, _args, { loaders }) => [...(await loaders.statementsOfPartner.load(id))],
  }),
);

interface StatementRun {
  readonly fingerprint: string;
  readonly due: readonly DueStatement[];
  readonly issued: readonly Statement[];
}

const StatementRunRef = builder.objectRef<StatementRun>('CommissionStatementRun').implement({
  fields: (t) => ({
    fingerprint: t.exposeString('fingerprint', { description: 'For APPLY.' }),
    due: t.field({
      type: [DueStatementRef],
      description: 'What APPLY would issue; empty once it has.',
      resolve: ({ due }) => [...due],
    }),
    issued: t.field({ type: [StatementRef], resolve: ({ issued }) => [...issued] }),
  }),
});

const IssueInput = builder.inputType('IssueCommissionStatementsInput', {
  fields: (t) => ({
    until: t.field({
      type: 'LocalDate',
      required: true,
      description:
        'The first day (UTC) after a month that is over; what could be paid out before it is stated.',
    }),
    mode: t.field({ type: ApplyModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan, for APPLY.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('issueCommissionStatements', (t) =>
  t.field({
    type: StatementRunRef,
    description: 'A statement per partner and currency that has entries due; all of them or none.',
    authScopes: { scope: 'platform:write' },
    errors: { types: [ValidationError, StalePlanError] },
    args: { input: t.arg({ type: IssueInput, required: true }) },
    resolve: async (_root, { input: { until, mode, fingerprint } }, { services, principal }) => {
      if (mode === 'PLAN') {
        const plan = await planStatements(services.database, until, new Date(services.clock.now()));
        return { ...plan, issued: [] };
      }
      const planned = requireFingerprint(fingerprint);
      const ids = await issueStatements(services, until, planned, principal.id);
      const issued = ids.length === 0 ? [] : await statementsById(services.database, ids);
      return { fingerprint: planned, due: [], issued };
    },
  }),
);

const ApproveInput = builder.inputType('ApproveCommissionStatementInput', {
  fields: (t) => ({ statementId: t.id({ required: true }), clientMutationId: t.string() }),
});

builder.mutationField('approveCommissionStatement', (t) =>
  t.field({
    type: StatementRef,
    description: 'Lets a statement be paid.',
    authScopes: { scope: 'platform:write' },
    errors: { types: [NotFoundError, ConflictError] },
    args: { input: t.arg({ type: ApproveInput, required: true }) },
    resolve: (_root, { input: { statementId } }, { services, principal }) =>
      approveStatement(services, statementId, principal.id),
  }),
);

const PayoutRef = builder.objectRef<PayoutPlan>('CommissionPayout').implement({
  fields: (t) => ({
    fingerprint: t.exposeString('fingerprint', { description: 'For APPLY.' }),
    statement: t.field({ type: StatementRef, resolve: ({ statement }) => statement }),
  }),
});

const PayInput = builder.inputType('PayCommissionStatementInput', {
  fields: (t) => ({
    statementId: t.id({ required: true }),
    reference: t.string({ required: true, description: 'The transfer, as the bank knows it.' }),
    mode: t.field({ type: ApplyModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan, for APPLY.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('payCommissionStatement', (t) =>
  t.field({
    type: PayoutRef,
    description: 'Marks an approved statement as paid, once; the transfer itself is made at the bank.',
    authScopes: { scope: 'platform:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError, StalePlanError] },
    args: { input: t.arg({ type: PayInput, required: true }) },
    resolve: (_root, { input: { statementId, reference, mode, fingerprint } }, { services, principal }) =>
      mode === 'PLAN'
        ? planPayout(services.database, statementId, reference)
        : markPaid(services, statementId, reference, requireFingerprint(fingerprint), principal.id),
  }),
);
