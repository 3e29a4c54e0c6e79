import { builder } from '../builder.ts';
import { type LedgerProof, proveLedger } from './proof.ts';

const LedgerProofRef = builder.objectRef<LedgerProof>('LedgerProof').implement({
  description: 'Whether the books agree with the documents at this instant, computed from every row.',
  fields: (t) => ({
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
    findings: t.exposeStringList('findings', { description: 'What does not hold; empty when all is well.' }),
  }),
});

builder.queryField('ledgerProof', (t) =>
  t.field({
    type: LedgerProofRef,
    authScopes: { scope: 'billing:read' },
    resolve: (_root, _args, { services }) => proveLedger(services.database),
  }),
);
