import { builder } from '../builder.ts';
import type { Document } from '../document/store.ts';
import { InvoiceRef } from '../document/type.ts';
import { entriesOf, type Movement, type NamedEntry } from './rules.ts';

/** A member of unions, told apart by its class. */
export class MovementPreview {
  readonly movement: Movement;
  readonly fingerprint: string;
  constructor(movement: Movement, fingerprint: string) {
    this.movement = movement;
    this.fingerprint = fingerprint;
  }
}

interface InCurrency {
  readonly currency: string;
}

const LedgerEntryRef = builder.objectRef<NamedEntry & InCurrency>('LedgerEntry').implement({
  fields: (t) => ({
    kind: t.exposeString('kind'),
    account: t.exposeString('account'),
    amount: t.field({
      type: 'Money',
      description: 'Debits above zero, credits below.',
      resolve: ({ amount, currency }) => ({ minor: amount, currency }),
    }),
  }),
});

const InvoiceChangeRef = builder
  .objectRef<Movement['allocations'][number] & InCurrency>('InvoiceChange')
  .implement({
    fields: (t) => ({
      invoice: t.field({
        type: InvoiceRef,
        resolve: async ({ documentId }, _args, { loaders }) =>
          (await loaders.document.load(documentId)) as Document,
      }),
      open: t.field({
        type: 'Money',
        description: 'By how much more is left to pay; below zero, less.',
        resolve: ({ amount, currency }) => ({ minor: -amount, currency }),
      }),
    }),
  });

builder.objectType(MovementPreview, {
  name: 'MovementPreview',
  description: 'What would be posted, exactly, and which invoices it would touch.',
  fields: (t) => ({
    fingerprint: t.exposeString('fingerprint'),
    amount: t.field({
      type: 'Money',
      resolve: ({ movement: { amount, currency } }) => ({ minor: amount, currency }),
    }),
    entries: t.field({
      type: [LedgerEntryRef],
      resolve: ({ movement }) => entriesOf(movement).map((one) => ({ ...one, currency: movement.currency })),
    }),
    invoices: t.field({
      type: [InvoiceChangeRef],
      resolve: ({ movement: { allocations, rounding, currency } }) =>
        allocations.map((one) => {
          const back = one.documentId === rounding?.documentId ? rounding.amount : 0n;
          return { ...one, amount: one.amount + back, currency };
        }),
    }),
  }),
});
