import { builder } from '../builder.ts';
import type { BookedAmount, BookedExplanation, BookedLine, BookedTax } from './ports.ts';

/** An amount of the books as the graph shows it. */
export const money = ({ amount, currency }: BookedAmount) => ({ minor: BigInt(amount), currency });

const FactRef = builder
  .objectRef<{ readonly name: string; readonly value: string }>('PlatformBillFact')
  .implement({ fields: (t) => ({ name: t.exposeString('name'), value: t.exposeString('value') }) });

const DerivationRef = builder.objectRef<BookedExplanation>('PlatformBillDerivation');
const PartRef = builder
  .objectRef<{ readonly input: string; readonly explanation: BookedExplanation }>('PlatformBillPart')
  .implement({
    fields: (t) => ({
      input: t.exposeString('input'),
      derivation: t.field({ type: DerivationRef, resolve: ({ explanation }) => explanation }),
    }),
  });
DerivationRef.implement({
  description: 'A formula over exact inputs: whoever evaluates it gets the amount, in minor units.',
  fields: (t) => ({
    rule: t.exposeString('rule'),
    version: t.exposeInt('version'),
    formula: t.exposeString('formula', {
      description: '+ - * / ( ), round(x) half away from zero, min, max, over input names and numbers.',
    }),
    arithmetic: t.exposeString('arithmetic', { description: 'The formula with its numbers put in.' }),
    inputs: t.field({ type: [FactRef], resolve: ({ inputs }) => [...inputs] }),
    facts: t.field({
      type: [FactRef],
      description: 'What the inputs are about; no part of the arithmetic.',
      resolve: ({ facts }) => [...facts],
    }),
    parts: t.field({
      type: [PartRef],
      description: 'Inputs that were computed themselves.',
      resolve: ({ parts }) => [...(parts ?? [])],
    }),
  }),
});

export const LineRef = builder.objectRef<BookedLine>('PlatformInvoiceLine').implement({
  fields: (t) => ({
    description: t.exposeString('description'),
    from: t.expose('from', { type: 'LocalDate' }),
    to: t.expose('to', { type: 'LocalDate', description: 'The first day that is not part of it.' }),
    days: t.exposeInt('days'),
    ofDays: t.exposeInt('ofDays', { description: 'Days of the full period.' }),
    net: t.field({ type: 'Money', resolve: ({ net }) => money(net) }),
    tax: t.field({ type: 'Money', resolve: ({ tax }) => money(tax) }),
    derivation: t.field({
      type: DerivationRef,
      description: 'Why the net amount is what it is, complete enough to recompute it.',
      resolve: ({ explain }) => explain,
    }),
  }),
});

export const TaxRef = builder.objectRef<BookedTax>('PlatformInvoiceTax').implement({
  fields: (t) => ({
    name: t.exposeString('name'),
    percent: t.exposeString('percent', { nullable: true }),
    base: t.field({ type: 'Money', resolve: ({ base }) => money(base) }),
    tax: t.field({ type: 'Money', resolve: ({ tax }) => money(tax) }),
  }),
});
