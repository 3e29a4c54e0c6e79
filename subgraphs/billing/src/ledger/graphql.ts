import { ValidationError } from '@dotmac/schema';
import { builder } from '../builder.ts';
import { proveLedger } from './proof.ts';
import {
  type AccountBalance,
  type BalanceEntry,
  balancesAt,
  entriesAt,
  type PeriodRevenue,
  type ProofAt,
  proveLedgerAt,
} from './proof-at.ts';

const BalanceEntryRef = builder.objectRef<BalanceEntry>('LedgerAccountEntry').implement({
  fields: (t) => ({
    on: t.expose('on', { type: 'LocalDate' }),
    kind: t.exposeString('kind'),
    ref: t.exposeString('ref', { description: 'Of what was posted: a document, a payment.' }),
    amount: t.field({
      type: 'Money',
      description: 'Debits above zero.',
      resolve: ({ amount, currency }) => ({ minor: amount, currency }),
    }),
  }),
});

const pageOf = (first: number | null | undefined): number => {
  const limit = first ?? 100;
  if (limit < 1 || limit > 1000) throw new ValidationError('first', `must be 1 to 1000, not ${limit}`);
  return limit;
};

const AccountBalanceRef = builder.objectRef<AccountBalance>('LedgerAccountBalance').implement({
  fields: (t) => ({
    account: t.exposeString('account'),
    balance: t.field({
      type: 'Money',
      description: 'Debits above zero.',
      resolve: ({ balance, currency }) => ({ minor: balance, currency }),
    }),
    entries: t.field({
      type: [BalanceEntryRef],
      description: 'What it is the sum of, newest first.',
      args: { first: t.arg.int({ defaultValue: 100 }) },
      resolve: (balance, { first }, { services }) =>
        entriesAt(services.database, balance, services.tenant?.timeZone ?? 'UTC', pageOf(first)),
    }),
  }),
});

const PeriodRevenueRef = builder.objectRef<PeriodRevenue>('PeriodRevenue').implement({
  fields: (t) => ({
    month: t.expose('month', { type: 'LocalDate', description: 'Its first day.' }),
    productClass: t.exposeString('productClass'),
    net: t.field({ type: 'Money', resolve: ({ net, currency }) => ({ minor: net, currency }) }),
    lines: t.field({ type: 'BigInt', resolve: ({ lines }) => lines }),
  }),
});

const LedgerProofRef = builder.objectRef<ProofAt>('LedgerProof').implement({
  description:
    'Whether the books agree with the documents at an instant, computed from every row that stood then.',
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime' }),
    holds: t.boolean({
      description: 'All of the checks below.',
      resolve: (proof) => proof.findings.length === 0,
    }),
    transactions: t.field({ type: 'BigInt', resolve: ({ transactions }) => transactions }),
    documents: t.field({ type: 'BigInt', resolve: ({ documents }) => documents }),
    receivable: t.field({ type: ['Money'], resolve: ({ receivable }) => [...receivable] }),
    unapplied: t.field({
      type: ['Money'],
      description: 'Money of customers that no invoice took yet.',
      resolve: ({ unapplied }) => [...unapplied],
    }),
    prepaid: t.field({
      type: ['Money'],
      description: 'Balances of customers who pay ahead.',
      resolve: ({ prepaid }) => [...prepaid],
    }),
    deposits: t.field({ type: ['Money'], resolve: ({ deposits }) => [...deposits] }),
    vouchers: t.field({
      type: ['Money'],
      description: 'Owed to whoever holds vouchers that are sold.',
      resolve: ({ vouchers }) => [...vouchers],
    }),
    revenue: t.field({
      type: [PeriodRevenueRef],
      description: 'By the month in which the days of a line begin; over all months that of the ledger.',
      resolve: ({ revenue }) => [...revenue],
    }),
    accounts: t.field({
      type: [AccountBalanceRef],
      description: 'The accounts whose names begin so and are not at zero, the largest first.',
      args: { prefix: t.arg.string({ required: true }), first: t.arg.int({ defaultValue: 100 }) },
      resolve: ({ at }, { prefix, first }, { services }) =>
        balancesAt(services.database, prefix, at, services.tenant?.timeZone ?? 'UTC', pageOf(first)),
    }),
    findings: t.exposeStringList('findings', { description: 'What does not hold; empty when all is well.' }),
  }),
});

builder.queryField('ledgerProof', (t) =>
  t.field({
    type: LedgerProofRef,
    authScopes: { scope: 'billing:read' },
    args: {
      at: t.arg({
        type: 'DateTime',
        description: 'Now when left out; then numbers and hashes are checked too.',
      }),
    },
    resolve: async (_root, { at }, { services }) => {
      const now = new Date(services.clock.now());
      if (at != null && at > now) throw new ValidationError('at', 'The books of the future are not written');
      const proof = await proveLedgerAt(services.database, at ?? now, services.tenant?.timeZone ?? 'UTC');
      if (at != null) return proof;
      const { findings } = await proveLedger(services.database);
      return { ...proof, findings: [...findings, ...proof.findings] };
    },
  }),
);
