import { ValidationError } from '@dotmac/schema';
import { CustomerRef } from '../account/type.ts';
import { actOf } from '../act.ts';
import { builder } from '../builder.ts';
import { type Aging, type Statement, type StatementLine, statementOf } from './store.ts';

interface InCurrency {
  readonly currency: string;
}

const StatementLineRef = builder.objectRef<StatementLine & InCurrency>('StatementLine').implement({
  fields: (t) => ({
    on: t.expose('on', { type: 'LocalDate' }),
    kind: t.exposeString('kind', { description: 'Of the posting, such as invoice or payment.' }),
    ref: t.exposeID('ref', { description: 'What was posted.' }),
    number: t.exposeString('number', { nullable: true, description: 'Of the document.' }),
    amount: t.field({
      type: 'Money',
      description: 'Above zero he owes more.',
      resolve: ({ amount, currency }) => ({ minor: amount, currency }),
    }),
    balance: t.field({
      type: 'Money',
      description: 'What he owes after it.',
      resolve: ({ balance, currency }) => ({ minor: balance, currency }),
    }),
  }),
});

const StatementAgingRef = builder.objectRef<Aging & InCurrency>('StatementAging').implement({
  description: 'How old what is open is, today.',
  fields: (t) => {
    const money = (pick: (aging: Aging) => bigint, description: string) =>
      t.field({
        type: 'Money',
        description,
        resolve: (aging) => ({ minor: pick(aging), currency: aging.currency }),
      });
    return {
      current: money((one) => one.current, 'Not due yet.'),
      to30: money((one) => one.to30, 'Overdue by 1 to 30 days.'),
      to60: money((one) => one.to60, '31 to 60.'),
      to90: money((one) => one.to90, '61 to 90.'),
      over90: money((one) => one.over90, 'More than 90.'),
      overdue: money((one) => one.overdue, 'All that is overdue.'),
    };
  },
});

const StatementRef = builder.objectRef<Statement>('Statement').implement({
  description: 'What moved a customer’s account, read from the ledger.',
  fields: (t) => ({
    from: t.expose('from', { type: 'LocalDate' }),
    to: t.expose('to', { type: 'LocalDate', description: 'The last day of it.' }),
    opening: t.field({ type: 'Money', resolve: (one) => ({ minor: one.opening, currency: one.currency }) }),
    closing: t.field({ type: 'Money', resolve: (one) => ({ minor: one.closing, currency: one.currency }) }),
    lines: t.field({
      type: [StatementLineRef],
      resolve: ({ lines, currency }) => lines.map((line) => ({ ...line, currency })),
    }),
    aging: t.field({ type: StatementAgingRef, resolve: ({ aging, currency }) => ({ ...aging, currency }) }),
  }),
});

builder.objectField(CustomerRef, 'statement', (t) =>
  t.field({
    type: StatementRef,
    nullable: true,
    authScopes: ({ id }, _args, { principal }) => principal.customerId === id || { scope: 'billing:read' },
    args: {
      from: t.arg({ type: 'LocalDate', required: true }),
      to: t.arg({ type: 'LocalDate', required: true, description: 'The last day of it.' }),
    },
    resolve: ({ id }, { from, to }, context) => {
      if (to < from) throw new ValidationError('to', `The last day is not before the first, ${from}`);
      return statementOf(context.services.database, id, from, to, actOf(context).today);
    },
  }),
);
