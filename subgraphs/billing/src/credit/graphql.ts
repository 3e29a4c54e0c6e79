import { requireFingerprint, ValidationError } from '@dotmac/schema';
import { actOf } from '../act.ts';
import { builder } from '../builder.ts';
import type { Draft } from '../document/rules-draft.ts';
import type { Document } from '../document/store.ts';
import { CreditNoteRef } from '../document/type.ts';
import { orFailure, planFailures } from '../outcome.ts';
import { ApplyModeEnum, PreviewDocumentRef } from '../run/graphql.ts';
import { applyCreditNote, planCreditNote } from './issue.ts';
import type { CreditLine } from './rules-note-types.ts';

/** A member of a union, told apart by its class. */
class CreditNotePreview {
  readonly draft: Draft;
  readonly fingerprint: string;
  constructor(draft: Draft, fingerprint: string) {
    this.draft = draft;
    this.fingerprint = fingerprint;
  }
}
builder.objectType(CreditNotePreview, {
  name: 'CreditNotePreview',
  fields: (t) => ({
    fingerprint: t.exposeString('fingerprint'),
    document: t.field({ type: PreviewDocumentRef, resolve: ({ draft }) => draft }),
  }),
});

const IssueCreditNoteResult = builder.unionType('MutationIssueCreditNoteResult', {
  types: [CreditNotePreview, CreditNoteRef, ...planFailures],
  resolveType: (value) => {
    if (value instanceof CreditNotePreview) return 'CreditNotePreview';
    return 'number' in value ? 'CreditNote' : value.name;
  },
});

const CreditLineInput = builder.inputType('CreditLineInput', {
  fields: (t) => ({
    lineId: t.id({ required: true }),
    net: t.field({ type: 'BigInt', description: 'Minor units, above 0; the tax follows.' }),
    gross: t.field({
      type: 'BigInt',
      description:
        'In place of the net, of a line whose price includes its tax: what the customer gets back.',
    }),
  }),
});
const IssueCreditNoteInput = builder.inputType('IssueCreditNoteInput', {
  fields: (t) => ({
    invoiceId: t.id({ required: true }),
    lines: t.field({ type: [CreditLineInput], required: true, description: 'Nothing is never everything.' }),
    reason: t.string({ required: true, description: 'Stands on the note.' }),
    mode: t.field({ type: ApplyModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan, for APPLY.' }),
    clientMutationId: t.string(),
  }),
});

function amountOf({ lineId, net, gross }: typeof CreditLineInput.$inferInput, index: number): CreditLine {
  if (net != null && gross == null) return { lineId, amount: net };
  if (net == null && gross != null) return { lineId, amount: gross, gross: true };
  throw new ValidationError(`input.lines[${index}]`, 'Name either a net or a gross amount');
}

builder.mutationField('issueCreditNote', (t) =>
  t.field({
    type: IssueCreditNoteResult,
    description: 'Takes back part or all of an invoice. It reduces what is open; the rest is credit.',
    authScopes: { scope: 'billing:write' },
    args: { input: t.arg({ type: IssueCreditNoteInput, required: true }) },
    resolve: (_root, { input }, context) =>
      orFailure(async () => {
        const { services, loaders } = context;
        const act = actOf(context);
        const request = { ...input, lines: input.lines.map(amountOf) };
        if (input.mode === 'PLAN') {
          const { draft, fingerprint } = await planCreditNote(services.database, request, act);
          return new CreditNotePreview(draft, fingerprint);
        }
        const { id } = await applyCreditNote(services, request, requireFingerprint(input.fingerprint), act);
        return (await loaders.document.load(id)) as Document;
      }),
  }),
);
