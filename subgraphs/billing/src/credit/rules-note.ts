import { mulDivRound } from '@dotmac/platform/money/rounding';
import type { Day } from '../calendar/rules.ts';
import type { Draft, DraftLine } from '../document/rules-draft.ts';
import type { Explanation } from '../explanation/rules.ts';
import { creditedGroups } from './rules-note-tax.ts';
import type { CreditableInvoice, CreditableLine, CreditLine, Picked } from './rules-note-types.ts';

export type CreditDraftResult =
  | { readonly ok: true; readonly draft: Draft }
  | { readonly ok: false; readonly field: string; readonly message: string };

/**
 * A credit note over amounts of an invoice's lines. The tax follows cumulatively, so that notes that cover the invoice
 * equal it, however they were cut: of a rate over all its lines, and of a line whose price includes its tax by itself,
 * so that what is given back of such a price is exactly what was asked for.
 */
export function creditNoteDraft(
  invoice: CreditableInvoice,
  request: readonly CreditLine[],
  note: { readonly reason: string; readonly today: Day },
): CreditDraftResult {
  const fail = (field: string, message: string): CreditDraftResult => ({ ok: false, field, message });
  if (request.length === 0) return fail('input.lines', 'Name at least one line');
  const picked: Picked[] = [];
  for (const [index, asked] of request.entries()) {
    const field = `input.lines[${index}]`;
    const line = invoice.lines.find((one) => one.id === asked.lineId);
    if (line === undefined) return fail(`${field}.lineId`, `The invoice has no line ${asked.lineId}`);
    if (picked.some((one) => one.line === line)) return fail(`${field}.lineId`, 'The line is named twice');
    const one = pick(line, asked);
    if (typeof one === 'string') return fail(`${field}.${asked.gross === true ? 'gross' : 'net'}`, one);
    picked.push(one);
  }
  const credited = creditedGroups(invoice, picked);
  if (!credited.ok) return fail('input.lines', credited.message);
  const { groups, sharesOf } = credited;
  const places = groups.map(({ group }) => group);
  const lines = picked.map(({ line, net, asked, taxes }, index): DraftLine => {
    const { explanation, description = line.description } = asked;
    const taxParts = line.parts.map(({ componentId, group }, part) => ({
      componentId,
      tax: -(line.taxInclusive ? (taxes[part] ?? 0n) : (sharesOf(group)[index] ?? 0n)),
      group: places.indexOf(group),
    }));
    const { id, productClass, serviceLineId, priceKey, price, dayCount, periodFrom, periodTo, from } = line;
    return {
      productClass,
      serviceLineId,
      priceKey,
      price,
      dayCount,
      periodFrom,
      periodTo,
      from,
      ofDays: line.ofDays,
      taxInclusive: line.taxInclusive,
      kind: 'adjustment',
      to: from,
      days: 0,
      correction: line.corrections,
      net: -net,
      tax: taxParts.reduce((sum, part) => sum + part.tax, 0n),
      taxParts,
      description,
      explanation: explainNote(id, { net, taxes, asked }, explanation, note.reason),
    };
  });
  const net = lines.reduce((sum, line) => sum + line.net, 0n);
  const tax = lines.reduce((sum, line) => sum + line.tax, 0n);
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
      taxes: groups.map(({ group, net: base, tax: ofGroup, explanation }) => {
        const { componentId, name, category, percent, reason } = invoice.taxes[group] ?? unknownTax;
        return {
          componentId,
          name,
          category,
          percent,
          base: -base,
          tax: -ofGroup,
          ...(reason === undefined ? {} : { reason }),
          explanation,
        };
      }),
      net,
      tax,
      gross: net + tax,
      creditsDocumentId: invoice.id,
      reason: note.reason,
    },
  };
}

const unknownTax = { componentId: '', name: '', category: 'S', percent: '0', reason: undefined };

/** What is taken of a line, or why it cannot be. */
function pick(line: CreditableLine, asked: CreditLine): Picked | string {
  const { amount, gross = false } = asked;
  if (amount <= 0n) return `A credit must be more than 0, not ${amount}`;
  if (gross && !line.taxInclusive)
    return 'The price of this line is without tax: name a net amount, the tax follows';
  const { tax, credited: creditedTax } = line.parts.reduce(
    (sum, part) => ({ tax: sum.tax + part.tax, credited: sum.credited + part.credited }),
    { tax: 0n, credited: 0n },
  );
  const whole = gross ? line.net + tax : line.net;
  const before = gross ? creditedTax - line.credited : -line.credited;
  const left = whole - before;
  if (amount > left) return `${amount} is more than the ${left} still creditable`;
  if (!line.taxInclusive) return { line, asked, net: amount, taxes: [] };
  // By prefix sums, so that together they are the rounded share of the whole tax.
  let [below, taken] = [0n, 0n];
  const taxes = line.parts.map((part) => {
    below += part.tax;
    const upTo = mulDivRound(below, before + amount, whole);
    const own = upTo - taken - part.credited;
    taken = upTo;
    return own;
  });
  return { line, asked, net: gross ? amount - taxes.reduce((sum, one) => sum + one, 0n) : amount, taxes };
}

/** Why the net of a line of a note is what it is. */
function explainNote(
  lineId: string,
  { net, taxes, asked }: Pick<Picked, 'net' | 'taxes' | 'asked'>,
  given: Explanation | undefined,
  reason: string,
): Explanation {
  const ofAmount =
    given === undefined
      ? requested(lineId, asked.amount, reason)
      : { ...given, facts: { ...given.facts, line: lineId } };
  if (asked.gross !== true) return ofAmount;
  const tax = taxes.reduce((sum, one) => sum + one, 0n);
  return {
    rule: 'tax.included',
    version: 1,
    inputs: { gross: `${-(net + tax)}`, tax: `${-tax}` },
    formula: 'gross - tax',
    facts: ofAmount.facts,
    parts: { gross: ofAmount },
  };
}

function requested(lineId: string, amount: bigint, reason: string): Explanation {
  return {
    rule: 'credit.requested',
    version: 1,
    inputs: { requested: `${amount}` },
    formula: '-requested',
    facts: { line: lineId, reason },
  };
}
