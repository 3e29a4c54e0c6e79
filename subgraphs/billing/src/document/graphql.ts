import { CustomerRef } from '../account/type.ts';
import { builder } from '../builder.ts';
import { today } from '../catalogue/graphql.ts';
import { arithmetic, byName, type Explanation, inputsInOrder } from '../explanation/rules.ts';
import { invoiceState } from './rules-status.ts';
import type { Document } from './store.ts';
import {
  CreditNoteRef,
  DocumentLineRef,
  DocumentTaxRef,
  ExplanationRef,
  InvoiceRef,
  InvoiceStateEnum,
  LineKindEnum,
} from './type.ts';

const ownOr = (customerId: string, principal: { readonly customerId: string | null }) =>
  principal.customerId === customerId || ({ scope: 'billing:read' } as const);

InvoiceRef.implement({
  description: 'Immutable once issued; corrected by credit notes.',
  // Whoever owes it sees it, also when it is another's.
  authScopes: ({ id, customerId }, { principal, loaders }) =>
    principal.customerId === null || principal.customerId === customerId
      ? ownOr(customerId, principal)
      : loaders.openItem.load(id).then((item) => ownOr(item?.customerId ?? customerId, principal)),
  fields: (t) => ({
    id: t.exposeID('id'),
    number: t.exposeString('number', { description: 'Gap-free in its series.' }),
    customer: t.field({ type: CustomerRef, resolve: ({ customerId }) => ({ id: customerId }) }),
    issuedOn: t.expose('issuedOn', { type: 'LocalDate' }),
    dueOn: t.expose('dueOn', { type: 'LocalDate' }),
    net: t.field({ type: 'Money', resolve: (one) => ({ minor: one.netMinor, currency: one.currency }) }),
    tax: t.field({ type: 'Money', resolve: (one) => ({ minor: one.taxMinor, currency: one.currency }) }),
    gross: t.field({ type: 'Money', resolve: (one) => ({ minor: one.grossMinor, currency: one.currency }) }),
    open: t.field({
      type: 'Money',
      description: 'What is left to pay.',
      resolve: async ({ id, currency }, _args, { loaders }) => ({
        minor: (await loaders.openItem.load(id))?.openMinor ?? 0n,
        currency,
      }),
    }),
    state: t.field({
      type: InvoiceStateEnum,
      resolve: async ({ id, grossMinor }, _args, { loaders }) =>
        invoiceState(
          grossMinor,
          (await loaders.openItem.load(id))?.openMinor ?? 0n,
          (await loaders.writtenOff.load(id))?.writtenOff ?? 0n,
        ),
    }),
    overdue: t.boolean({
      resolve: async ({ id, dueOn }, _args, { loaders, services }) =>
        dueOn < today(services) && ((await loaders.openItem.load(id))?.openMinor ?? 0n) > 0n,
    }),
    lines: t.field({
      type: [DocumentLineRef],
      resolve: async ({ id }, _args, { loaders }) => [...(await loaders.linesOfDocument.load(id))],
    }),
    taxes: t.field({
      type: [DocumentTaxRef],
      resolve: async ({ id }, _args, { loaders }) => [...(await loaders.taxesOfDocument.load(id))],
    }),
    hash: t.exposeString('hash', {
      description: 'SHA-256 over the hash of the number before and what this document says.',
    }),
    snapshot: t.exposeString('snapshot', { description: 'Canonical JSON (RFC 8785) of what it says.' }),
  }),
});

builder.asEntity(InvoiceRef, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: async ({ id }, { loaders }) => (await loaders.document.load(id)) as Document,
});

CreditNoteRef.implement({
  description:
    'Takes back what an invoice or a service was charged. Amounts are what it gives back, above zero.',
  authScopes: ({ customerId }, { principal }) => ownOr(customerId, principal),
  fields: (t) => ({
    id: t.exposeID('id'),
    number: t.exposeString('number'),
    customer: t.field({ type: CustomerRef, resolve: ({ customerId }) => ({ id: customerId }) }),
    issuedOn: t.expose('issuedOn', { type: 'LocalDate' }),
    reason: t.exposeString('reason', { nullable: true }),
    credits: t.field({
      type: InvoiceRef,
      nullable: true,
      resolve: ({ creditsDocumentId }, _args, { loaders }) =>
        creditsDocumentId === null ? null : loaders.document.load(creditsDocumentId),
    }),
    net: t.field({ type: 'Money', resolve: (one) => ({ minor: -one.netMinor, currency: one.currency }) }),
    tax: t.field({ type: 'Money', resolve: (one) => ({ minor: -one.taxMinor, currency: one.currency }) }),
    gross: t.field({ type: 'Money', resolve: (one) => ({ minor: -one.grossMinor, currency: one.currency }) }),
    lines: t.field({
      type: [DocumentLineRef],
      description: 'Signed: a credit is below zero.',
      resolve: async ({ id }, _args, { loaders }) => [...(await loaders.linesOfDocument.load(id))],
    }),
    taxes: t.field({
      type: [DocumentTaxRef],
      resolve: async ({ id }, _args, { loaders }) => [...(await loaders.taxesOfDocument.load(id))],
    }),
    hash: t.exposeString('hash'),
    snapshot: t.exposeString('snapshot'),
  }),
});

DocumentLineRef.implement({
  fields: (t) => ({
    id: t.exposeID('id'),
    kind: t.expose('kind', { type: LineKindEnum }),
    description: t.exposeString('description'),
    from: t.expose('fromDay', { type: 'LocalDate' }),
    to: t.expose('toDay', { type: 'LocalDate', description: 'The first day that is not part of it.' }),
    days: t.exposeInt('days'),
    ofDays: t.exposeInt('ofDays', { description: 'Days of the full period.' }),
    net: t.field({
      type: 'Money',
      resolve: async ({ netMinor, documentId }, _args, { loaders }) => ({
        minor: netMinor,
        currency: (await loaders.document.load(documentId))?.currency ?? '',
      }),
    }),
    tax: t.field({
      type: 'Money',
      resolve: async ({ taxMinor, documentId }, _args, { loaders }) => ({
        minor: taxMinor,
        currency: (await loaders.document.load(documentId))?.currency ?? '',
      }),
    }),
    taxInclusive: t.exposeBoolean('taxInclusive', {
      description: 'Net and tax together are what the price promised.',
    }),
    explain: t.field({
      type: ExplanationRef,
      description: 'Why the net amount is what it is, complete enough to recompute it.',
      resolve: ({ explanation }) => explanation,
    }),
  }),
});

DocumentTaxRef.implement({
  description: 'All lines under one tax and rate.',
  fields: (t) => ({
    name: t.exposeString('name'),
    category: t.exposeString('category', { description: 'UNCL 5305, as in EN 16931.' }),
    percent: t.exposeString('percent', { nullable: true }),
    base: t.field({
      type: 'Money',
      resolve: async ({ baseMinor, documentId }, _args, { loaders }) => ({
        minor: baseMinor,
        currency: (await loaders.document.load(documentId))?.currency ?? '',
      }),
    }),
    tax: t.field({
      type: 'Money',
      resolve: async ({ taxMinor, documentId }, _args, { loaders }) => ({
        minor: taxMinor,
        currency: (await loaders.document.load(documentId))?.currency ?? '',
      }),
    }),
    explain: t.field({ type: ExplanationRef, resolve: ({ explanation }) => explanation }),
  }),
});

const NamedValueRef = builder.objectRef<readonly [string, string]>('NamedValue').implement({
  fields: (t) => ({
    name: t.string({ resolve: ([name]) => name }),
    value: t.string({ resolve: ([, value]) => value }),
  }),
});

const ExplanationPartRef = builder.objectRef<readonly [string, Explanation]>('ExplanationPart');

ExplanationRef.implement({
  description: 'A formula over exact inputs: whoever evaluates it gets the amount, in minor units.',
  fields: (t) => ({
    rule: t.exposeString('rule'),
    version: t.exposeInt('version'),
    formula: t.exposeString('formula', {
      description: '+ - * / ( ), round(x) half away from zero, min, max, over input names and numbers.',
    }),
    arithmetic: t.string({ description: 'The formula with its numbers put in.', resolve: arithmetic }),
    inputs: t.field({ type: [NamedValueRef], resolve: inputsInOrder }),
    facts: t.field({
      type: [NamedValueRef],
      description: 'What the inputs are about; no part of the arithmetic.',
      resolve: ({ facts }) => byName(facts),
    }),
    parts: t.field({
      type: [ExplanationPartRef],
      description: 'Inputs that were computed themselves.',
      resolve: ({ parts }) => byName(parts ?? {}),
    }),
  }),
});
ExplanationPartRef.implement({
  fields: (t) => ({
    input: t.string({ resolve: ([input]) => input }),
    explanation: t.field({ type: ExplanationRef, resolve: ([, explanation]) => explanation }),
  }),
});

builder.queryFields((t) => ({
  invoice: t.field({
    type: InvoiceRef,
    nullable: true,
    args: { id: t.arg.id({ required: true }) },
    // The type itself lets a subscriber see his own.
    authScopes: { signedIn: true },
    resolve: async (_root, { id }, { loaders }) => {
      const document = await loaders.document.load(id);
      return document?.type === 'INVOICE' ? document : null;
    },
  }),
  creditNote: t.field({
    type: CreditNoteRef,
    nullable: true,
    args: { id: t.arg.id({ required: true }) },
    authScopes: { signedIn: true },
    resolve: async (_root, { id }, { loaders }) => {
      const document = await loaders.document.load(id);
      return document?.type === 'CREDIT_NOTE' ? document : null;
    },
  }),
}));
