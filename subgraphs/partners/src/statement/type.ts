import { builder } from '../builder.ts';
import type { DueStatement } from './issue.ts';
import type { StatementSums } from './rules.ts';
import type { Statement } from './store.ts';

const StatementStateEnum = builder.enumType('CommissionStatementState', {
  values: {
    CARRIED: { description: 'Nothing is to be paid: the balance goes onto the next statement.' },
    ISSUED: {},
    APPROVED: {},
    PAID: {},
  },
} as const);

const descriptions: Readonly<Record<keyof StatementSums, string>> = {
  openingMinor: 'Carried from the statement before. opening + earned + takenBack = payable + carried.',
  earnedMinor: 'By payments.',
  takenBackMinor: 'For refunds and chargebacks; never above zero.',
  minimumMinor: 'From which amount on the partner is paid.',
  payableMinor: 'All that there is, or nothing.',
  carriedMinor: 'To the next statement. Below zero it is netted with what comes.',
};

/** The sums of a statement, for a parent that has them in a currency. */
function sumsFields<T extends object>(
  ref: ReturnType<typeof builder.objectRef<T>>,
  sumsOf: (parent: T) => StatementSums & { readonly currency: string },
): void {
  for (const key of Object.keys(descriptions) as (keyof StatementSums)[]) {
    builder.objectField(ref, key.replace('Minor', ''), (t) =>
      t.field({
        type: 'Money',
        description: descriptions[key],
        resolve: (parent) => {
          const sums = sumsOf(parent as T);
          return { minor: sums[key], currency: sums.currency };
        },
      }),
    );
  }
}

export const StatementRef = builder.objectRef<Statement>('CommissionStatement');
StatementRef.implement({
  description:
    'What a partner is paid for a month in one currency. Never changed; numbered, and chained by hash.',
  authScopes: ({ partnerId }, { principal }) =>
    principal.partnerId === partnerId || { scope: 'platform:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    number: t.exposeInt('number', { description: 'Counts up by partner, without a gap.' }),
    until: t.expose('until', {
      type: 'LocalDate',
      description: 'What could be paid out before this day (UTC) and was on no statement yet.',
    }),
    state: t.field({
      type: StatementStateEnum,
      resolve: ({ payableMinor, approvedAt, paidAt }) => {
        if (payableMinor === 0n) return 'CARRIED';
        if (paidAt !== null) return 'PAID';
        return approvedAt === null ? 'ISSUED' : 'APPROVED';
      },
    }),
    issuedAt: t.expose('issuedAt', { type: 'DateTime' }),
    approvedAt: t.expose('approvedAt', { type: 'DateTime', nullable: true }),
    paidAt: t.expose('paidAt', { type: 'DateTime', nullable: true }),
    reference: t.exposeString('reference', { nullable: true, description: 'The transfer that paid it.' }),
    hash: t.exposeString('hash', {
      description: 'SHA-256 over the statement, its lines and `previousHash`.',
    }),
    previousHash: t.exposeString('previousHash', { nullable: true }),
  }),
});
sumsFields(StatementRef, (statement) => statement);

export const DueStatementRef = builder.objectRef<DueStatement>('DueCommissionStatement');
DueStatementRef.implement({
  description: 'A statement that would be issued.',
  fields: (t) => ({
    partnerId: t.exposeID('partnerId'),
    entries: t.int({ resolve: ({ entries }) => entries.length }),
  }),
});
sumsFields(DueStatementRef, ({ sums, currency }) => ({ ...sums, currency }));
