import { allocate } from '@dotmac/platform/money/allocate';
import type { Rational } from '@dotmac/platform/money/rational';
import type { Day } from '../calendar/rules.ts';
import type { Draft, DraftLine } from '../document/rules-draft.ts';
import type { Explanation } from '../explanation/rules.ts';
import { creditNote } from './rules.ts';

/** A line of an issued invoice, and what credit notes took of it so far. Minor units. */
export interface CreditableLine {
  readonly id: string;
  readonly description: string;
  readonly productClass: string;
  readonly serviceLineId: string;
  readonly priceKey: string;
  readonly price: Rational;
  readonly dayCount: 'actual' | 'fixed30';
  readonly periodFrom: Day;
  readonly periodTo: Day;
  readonly from: Day;
  readonly ofDays: number;
  /** Lines of its key so far. */
  readonly corrections: number;
  readonly net: bigint;
  /** At most 0. */
  readonly credited: bigint;
  readonly componentIds: readonly string[];
}

/** One tax of the invoice, and what credit notes took of it so far. Minor units, all from 0. */
export interface CreditableTax {
  readonly componentId: string;
  readonly name: string;
  readonly category: string;
  readonly percent: string;
  readonly net: bigint;
  readonly tax: bigint;
  readonly creditedNet: bigint;
  readonly creditedTax: bigint;
}

export interface CreditableInvoice {
  readonly id: string;
  readonly customerId: string;
  readonly customerName: string;
  readonly customerEmail: string | null;
  readonly currency: string;
  readonly lines: readonly CreditableLine[];
  readonly taxes: readonly CreditableTax[];
}

export type CreditDraftResult =
  | { readonly ok: true; readonly draft: Draft }
  | { readonly ok: false; readonly field: string; readonly message: string };

/** A net amount (minor units, above 0) to take off a line; why, and under what name, unless it is just asked for. */
export interface CreditLine {
  readonly lineId: string;
  readonly net: bigint;
  readonly description?: string;
  readonly explanation?: Explanation;
}

/**
 * A credit note over net amounts of an invoice's lines (minor units, above 0). The tax follows cumulatively, so that
 * notes that cover the invoice equal it, however they were cut.
 */
export function creditNoteDraft(
  invoice: CreditableInvoice,
  request: readonly CreditLine[],
  note: { readonly reason: string; readonly today: Day },
): CreditDraftResult {
  const fail = (field: string, message: string): CreditDraftResult => ({ ok: false, field, message });
  if (request.length === 0) return fail('input.lines', 'Name at least one line');
  const picked: { line: CreditableLine; net: bigint; asked: CreditLine }[] = [];
  for (const [index, asked] of request.entries()) {
    const { lineId, net } = asked;
    const field = `input.lines[${index}]`;
    const line = invoice.lines.find((one) => one.id === lineId);
    if (line === undefined) return fail(`${field}.lineId`, `The invoice has no line ${lineId}`);
    if (picked.some((one) => one.line === line)) return fail(`${field}.lineId`, 'The line is named twice');
    if (net <= 0n) return fail(`${field}.net`, `A credit must be more than 0, not ${net}`);
    const left = line.net + line.credited;
    if (net > left) return fail(`${field}.net`, `${net} is more than the ${left} still creditable`);
    picked.push({ line, net, asked });
  }
  const groups = invoice.taxes.map((tax) => ({ ...tax, id: tax.componentId }));
  const byComponent = groups.flatMap(({ id }) => {
    const net = picked.reduce((sum, one) => sum + (one.line.componentIds.includes(id) ? one.net : 0n), 0n);
    return net === 0n ? [] : [{ id, net }];
  });
  const credited = creditNote(groups, byComponent);
  if (!credited.ok) return fail('input.lines', credited.error.message);
  const parts = new Map(
    credited.groups.map(({ id, tax }) => {
      const weights = picked.map(({ line, net }) => (line.componentIds.includes(id) ? net : 0n));
      return [id, allocate(tax, weights)] as const;
    }),
  );
  const lines = picked.map(({ line, net, asked }, index): DraftLine => {
    const { explanation, description = line.description } = asked;
    const taxParts = line.componentIds.map((componentId) => ({
      componentId,
      tax: -(parts.get(componentId)?.[index] ?? 0n),
      group: credited.groups.findIndex(({ id }) => id === componentId),
    }));
    return {
      ...line,
      kind: 'adjustment',
      to: line.from,
      days: 0,
      correction: line.corrections,
      net: -net,
      tax: taxParts.reduce((sum, part) => sum + part.tax, 0n),
      taxParts,
      description,
      explanation:
        explanation === undefined
          ? requested(line.id, net, note.reason)
          : { ...explanation, facts: { ...explanation.facts, line: line.id } },
    };
  });
  const net = lines.reduce((sum, line) => sum + line.net, 0n);
  const { customerId, customerName, customerEmail, currency } = invoice;
  return {
    ok: true,
    draft: {
      type: 'CREDIT_NOTE',
      customerId,
      customerName,
      customerEmail,
      currency,
      runDate: note.today,
      paymentTermDays: 0,
      lines,
      taxes: credited.groups.map(({ id, net: base, tax, explanation }) => {
        const group = invoice.taxes.find(({ componentId }) => componentId === id);
        return {
          componentId: id,
          name: group?.name ?? id,
          category: group?.category ?? 'S',
          percent: group?.percent ?? '0',
          base: -base,
          tax: -tax,
          explanation: { ...explanation, formula: `-(${explanation.formula})` },
        };
      }),
      net,
      tax: -credited.tax,
      gross: net - credited.tax,
      creditsDocumentId: invoice.id,
      reason: note.reason,
    },
  };
}

function requested(lineId: string, net: bigint, reason: string): Explanation {
  return {
    rule: 'credit.requested',
    version: 1,
    inputs: { requested: `${net}` },
    formula: '-requested',
    facts: { line: lineId, reason },
  };
}
