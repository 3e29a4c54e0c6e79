import type { TenantDatabase } from '@dotmac/migrations';
import type { Transaction } from 'kysely';
import { type AlikeColumn, insertAlike } from '../database/insert-alike.ts';
import type { TaxSubtotal } from '../tax/rules-types.ts';
import type { DraftLine, IdentifiedDraft } from './rules-draft.ts';

/** In place of the id of a service in an explanation: JSON escapes this octet wherever it has it itself. */
const hole = '\u0001';

const lineColumns: Readonly<Record<string, AlikeColumn<DraftLine>>> = {
  kind: { type: 'text', of: ({ kind }) => kind },
  description: { type: 'text', of: ({ description }) => description },
  product_class: { type: 'text', of: ({ productClass }) => productClass },
  price_key: { type: 'text', of: ({ priceKey }) => priceKey },
  period_from: { type: 'date', of: ({ periodFrom }) => periodFrom },
  period_to: { type: 'date', of: ({ periodTo }) => periodTo },
  correction: { type: 'int', of: ({ correction }) => correction },
  price_numerator: { type: 'text', as: 'price_numerator::numeric', of: ({ price }) => price.num },
  price_denominator: { type: 'text', as: 'price_denominator::numeric', of: ({ price }) => price.den },
  day_count: { type: 'text', of: ({ dayCount }) => dayCount },
  from_day: { type: 'date', of: ({ from }) => from },
  to_day: { type: 'date', of: ({ to }) => to },
  days: { type: 'int', of: ({ days }) => days },
  of_days: { type: 'int', of: ({ ofDays }) => ofDays },
  net_minor: { type: 'bigint', of: ({ net }) => net },
  tax_minor: { type: 'bigint', of: ({ tax }) => tax },
  tax_inclusive: { type: 'boolean', of: ({ taxInclusive }) => taxInclusive === true },
  tax_parts: { type: 'text', as: 'tax_parts::jsonb', of: taxPartsText },
  explanation: {
    type: 'text',
    as: 'replace(explanation, chr(1), to_json(own.service_line_id)::text)::jsonb',
    of: explanationText,
  },
};

const taxColumns: Readonly<Record<string, AlikeColumn<TaxSubtotal>>> = {
  tax_group: {
    type: 'text',
    of: ({ componentId, percent, category }) => `${componentId}|${percent ?? ''}|${category}`,
  },
  component_id: { type: 'text', of: ({ componentId }) => componentId },
  name: { type: 'text', of: ({ name }) => name },
  category: { type: 'text', of: ({ category }) => category },
  percent: { type: 'text', as: 'percent::numeric', of: ({ percent }) => percent ?? null },
  base_minor: { type: 'bigint', of: ({ base }) => base },
  tax_minor: { type: 'bigint', of: ({ tax }) => tax },
  explanation: {
    type: 'text',
    as: 'explanation::jsonb',
    of: ({ explanation }) => JSON.stringify(explanation),
  },
};

/** Writes what documents are made of. Their own rows follow with `insertDocuments`, in the same transaction. */
export async function insertDocumentParts(
  transaction: Transaction<TenantDatabase>,
  drafts: readonly IdentifiedDraft[],
): Promise<void> {
  await insertLines(transaction, drafts);
  await insertAlike(transaction, 'billing.document_tax', taxColumns, {
    own: {
      document_id: { type: 'text', values: drafts.flatMap(({ id, draft }) => draft.taxes.map(() => id)) },
    },
    said: drafts.flatMap(({ draft }) => draft.taxes),
  });
}

async function insertLines(
  transaction: Transaction<TenantDatabase>,
  drafts: readonly IdentifiedDraft[],
): Promise<void> {
  const [ids, documents, ordinals, services]: [string[], string[], number[], string[]] = [[], [], [], []];
  const said: DraftLine[] = [];
  for (const { id, draft } of drafts) {
    for (const [index, { serviceLineId }] of draft.lines.entries()) {
      ids.push(`${id}.${index + 1}`);
      documents.push(id);
      ordinals.push(index + 1);
      services.push(serviceLineId);
    }
    said.push(...(draft.like ?? draft).lines);
  }
  await insertAlike(transaction, 'billing.document_line', lineColumns, {
    own: {
      id: { type: 'text', values: ids },
      document_id: { type: 'text', values: documents },
      ordinal: { type: 'int', values: ordinals },
      service_line_id: { type: 'text', values: services },
    },
    said,
  });
}

function taxPartsText({ taxParts }: DraftLine): string {
  return JSON.stringify(taxParts.map(({ componentId, tax }) => ({ component: componentId, tax: `${tax}` })));
}

/** JSON of why a line costs what it does, with a hole for the service that it is of. */
function explanationText({ explanation, serviceLineId }: DraftLine): string {
  return JSON.stringify(explanation, (key, value) =>
    key === 'serviceLine' && value === serviceLineId ? hole : value,
  ).replaceAll('"serviceLine":"\\u0001"', `"serviceLine":${hole}`);
}
