import { allocate } from '@dotmac/platform/money/allocate';
import type { Explanation } from '../explanation/rules.ts';
import { type CreditableGroup, creditNote } from './rules.ts';
import type { CreditableInvoice, CreditableLine, CreditableTax, Picked } from './rules-note-types.ts';

interface NoteGroup {
  /** Its place among the invoice's taxes. */
  readonly group: number;
  readonly net: bigint;
  readonly tax: bigint;
  readonly explanation: Explanation;
}

/** By tax of the invoice: what the note takes back, of lines with the tax beside the price and of those with it inside. */
export function creditedGroups(
  invoice: CreditableInvoice,
  picked: readonly Picked[],
):
  | {
      readonly ok: true;
      readonly groups: NoteGroup[];
      readonly sharesOf: (group: number) => readonly bigint[];
    }
  | { readonly ok: false; readonly message: string } {
  const groups: NoteGroup[] = [];
  const shares = new Map<number, readonly bigint[]>();
  for (const [group, tax] of invoice.taxes.entries()) {
    const isOf = ({ line }: Picked) => line.parts.some((part) => part.group === group);
    const own = picked.filter(isOf);
    if (own.length === 0) continue;
    const beside = own.filter(({ line }) => !line.taxInclusive);
    const inside = own.filter(({ line }) => line.taxInclusive);
    const found = insideOf(group, inside);
    let [net, sum] = [found.net, found.tax];
    let { formula, inputs } = found;
    if (beside.length > 0) {
      const rest = besidePrices(tax, group, invoice.lines);
      const note = creditNote([rest], [{ id: rest.id, net: beside.reduce((all, one) => all + one.net, 0n) }]);
      if (!note.ok) return { ok: false, message: note.error.message };
      const [credited] = note.groups;
      if (credited === undefined) throw new Error('a credited tax is not there');
      net += credited.net;
      sum += credited.tax;
      inputs = { ...inputs, ...credited.explanation.inputs };
      formula = [formula, credited.explanation.formula].filter((part) => part !== '').join(' + ');
      const weights = picked.map((one) => (isOf(one) && !one.line.taxInclusive ? one.net : 0n));
      shares.set(group, allocate(credited.tax, weights));
    }
    groups.push({
      group,
      net,
      tax: sum,
      explanation: {
        rule: 'credit.cumulative-tax',
        version: 2,
        inputs,
        formula: `-(${formula})`,
        facts: { taxGroup: tax.componentId, net: `${net}` },
      },
    });
  }
  return { ok: true, groups, sharesOf: (group) => shares.get(group) ?? [] };
}

/** A tax of the invoice without the lines that have it inside their price. */
function besidePrices(tax: CreditableTax, group: number, lines: readonly CreditableLine[]): CreditableGroup {
  const rest = { ...tax, id: tax.componentId };
  for (const line of lines) {
    const part = line.taxInclusive ? line.parts.find((one) => one.group === group) : undefined;
    if (part === undefined) continue;
    rest.net -= line.net;
    rest.tax -= part.tax;
    rest.creditedNet += line.credited;
    rest.creditedTax -= part.credited;
  }
  return rest;
}

/** Of lines with this tax inside their price: each by itself. */
function insideOf(group: number, inside: readonly Picked[]) {
  let [net, tax] = [0n, 0n];
  const inputs: Record<string, string> = {};
  const terms: string[] = [];
  for (const [index, { line, net: ofLine, taxes, asked }] of inside.entries()) {
    const at = line.parts.findIndex((part) => part.group === group);
    const part = line.parts[at];
    if (part === undefined) continue;
    net += ofLine;
    tax += taxes[at] ?? 0n;
    const ofTaxes = (pickOf: (one: (typeof line.parts)[number]) => bigint) =>
      asked.gross === true ? line.parts.reduce((sum, one) => sum + pickOf(one), 0n) : 0n;
    inputs[`lineTax${index}`] = `${part.tax}`;
    inputs[`credited${index}`] = `${ofTaxes((one) => one.credited) - line.credited + asked.amount}`;
    inputs[`of${index}`] = `${line.net + ofTaxes((one) => one.tax)}`;
    inputs[`before${index}`] = `${part.credited}`;
    const share = `credited${index} / of${index}`;
    if (at === 0) terms.push(`round(lineTax${index} * ${share}) - before${index}`);
    else {
      const below = line.parts.slice(0, at).reduce((sum, one) => sum + one.tax, 0n);
      inputs[`below${index}`] = `${below}`;
      terms.push(
        `round((below${index} + lineTax${index}) * ${share}) - round(below${index} * ${share}) - before${index}`,
      );
    }
  }
  return { net, tax, inputs, formula: terms.join(' + ') };
}
