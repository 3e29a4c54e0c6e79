import { parseCreditorReference } from '../payment/rules-reference.ts';
import type { StatementLine } from './rules-line.ts';

export type MatchReason = 'reference' | 'number' | 'amountAndName';

/** An invoice that a line may be for. */
export interface Candidate {
  readonly id: string;
  readonly number: string;
  readonly customerId: string;
  readonly customerName: string;
  readonly currency: string;
  readonly open: bigint;
}

export interface Match {
  readonly invoice: Candidate;
  readonly because: MatchReason;
}

const compact = (text: string): string => text.toUpperCase().replaceAll(/[^0-9A-Z]/g, '');

const nameKey = (name: string): string =>
  name
    .normalize('NFKC')
    .toUpperCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, '');

/** Names of documents that a text may contain: ISO 11649 references whose check digits hold, and plain words. */
export function namesIn(text: string): { readonly references: string[]; readonly words: string[] } {
  const references = new Set<string>();
  // The reference may be printed in groups of four.
  for (const { index } of text.toUpperCase().matchAll(/(?<![0-9A-Z])RF\d\d/g)) {
    const rest = text.slice(index).split(/[^0-9A-Za-z ]/)[0] ?? '';
    const groups = rest.split(' ');
    for (let count = groups.length; count > 0; count--) {
      const found = parseCreditorReference(groups.slice(0, count).join(''));
      if (found !== undefined) references.add(found);
    }
  }
  const words = [...text.matchAll(/[0-9A-Za-z][0-9A-Za-z/-]*/g)].map(([word]) => compact(word));
  return { references: [...references], words };
}

/**
 * Whose a line is: by its structured reference, by an invoice number in its text, or by the one open invoice of exactly
 * its amount and the payer's name. Undefined when that is not certain: somebody looks at it.
 */
export function matchLine(line: StatementLine, candidates: readonly Candidate[]): Match | undefined {
  const own = candidates.filter(({ currency }) => currency === line.currency);
  const { references, words } = namesIn(line.remittance);
  const steps: [MatchReason, (one: Candidate) => boolean][] = [
    ['reference', ({ number }) => references.includes(compact(number))],
    ['number', ({ number }) => words.includes(compact(number))],
    [
      'amountAndName',
      ({ open, customerName }) =>
        open === line.amount &&
        line.payer !== null &&
        nameKey(line.payer) !== '' &&
        nameKey(customerName) === nameKey(line.payer),
    ],
  ];
  for (const [because, fits] of steps) {
    const found = own.filter(fits);
    const [invoice] = found;
    const customers = new Set(found.map(({ customerId }) => customerId));
    if (customers.size > 1 || (because === 'amountAndName' && found.length > 1)) return undefined;
    if (invoice !== undefined) return { invoice, because };
  }
  return undefined;
}
