import { minorDigits } from '@dotmac/platform/money/currency';
import { creditorReference } from '../payment/rules-reference.ts';
import { type DocumentSnapshot, lastDay, type PartyDetails } from './rules-snapshot.ts';

/** UNCL 5305 categories that this writer knows. */
export type VatCategory = 'S' | 'Z' | 'E' | 'AE' | 'O';

export interface Party extends PartyDetails {
  readonly name: string;
}

export interface ModelLine {
  readonly id: string;
  readonly name: string;
  /** 1 or -1: a price may not be below zero, a quantity may (BR-27). */
  readonly quantity: bigint;
  readonly price: bigint;
  readonly net: bigint;
  readonly from: string;
  /** Inclusive. */
  readonly to: string;
  readonly category: VatCategory;
  /** Undefined for category O. */
  readonly percent: string | undefined;
}

/** BG-20 and BG-21: a discount is taken off the document; what is taken back of one is put on it. */
export interface DocumentAmount {
  readonly reason: string;
  readonly amount: bigint;
  readonly category: VatCategory;
  readonly percent: string | undefined;
}

interface VatBreakdown {
  readonly category: VatCategory;
  readonly percent: string | undefined;
  readonly base: bigint;
  readonly tax: bigint;
  readonly reason: string | undefined;
}

/** The semantic model of EN 16931-1, as far as documents of ours go. Minor units; a credit note's are above zero. */
export interface EnInvoice {
  /** BT-24. */
  readonly specification: string;
  /** BT-3, UNTDID 1001. */
  readonly typeCode: '380' | '381';
  readonly number: string;
  readonly issuedOn: string;
  readonly dueOn: string | undefined;
  readonly currency: string;
  readonly digits: number;
  readonly seller: Party;
  readonly buyer: Party;
  readonly note: string | undefined;
  /** BG-3. */
  readonly preceding: { readonly number: string; readonly issuedOn: string } | undefined;
  /** BT-83, ISO 11649. */
  readonly remittance: string;
  readonly lines: readonly ModelLine[];
  readonly breakdown: readonly VatBreakdown[];
  readonly allowances: readonly DocumentAmount[];
  readonly charges: readonly DocumentAmount[];
  readonly lineTotal: bigint;
  readonly exclusive: bigint;
  readonly tax: bigint;
  readonly inclusive: bigint;
  /** BT-113: what was paid before the document was issued. */
  readonly prepaid: bigint;
  readonly payable: bigint;
}

const taxIncludedNote =
  'Prices include VAT. The VAT of each rate is the fraction of their sum, rounded once, and spread over the lines by largest remainder; the net amount of a line is its price less that VAT';

export type ModelResult =
  | { readonly ok: true; readonly invoice: EnInvoice }
  | { readonly ok: false; readonly message: string };

/** Of a document number, as customers are asked to name it when they pay. */
export const paymentReference = (number: string): string =>
  creditorReference(number.replaceAll(/[^0-9A-Za-z]/g, '').slice(-21));

/**
 * The model of an issued document, or why the standard cannot say what it says. `prepaid`: what paid it when it was
 * issued, minor units.
 */
export function enInvoice(
  snapshot: DocumentSnapshot,
  preceding: { readonly number: string; readonly issuedOn: string } | undefined,
  prepaid = 0n,
): ModelResult {
  const sign = snapshot.type === 'INVOICE' ? 1n : -1n;
  const untaxed = untaxedCategory(snapshot);
  const lines: ModelLine[] = [];
  const allowances: DocumentAmount[] = [];
  const charges: DocumentAmount[] = [];
  // A document has a line (BR-16), also when all that it says is a discount.
  const takesOff = snapshot.lines.some(({ discount }) => discount !== true);
  for (const [index, line] of snapshot.lines.entries()) {
    const taxes = (line.taxes ?? []).flatMap((at) => snapshot.taxes[at] ?? []);
    if (taxes.length > 1)
      return {
        ok: false,
        message: `EN 16931 knows one VAT per line; line ${index + 1} has ${taxes.map((tax) => tax.name).join(' and ')}`,
      };
    const [tax] = taxes;
    if (tax !== undefined && tax.percent === undefined)
      return { ok: false, message: `EN 16931 knows VAT by percent only; ${tax.name} is not` };
    const net = sign * BigInt(line.net);
    const vat = vatOf(tax ?? { category: untaxed });
    const to = lastDay(line.from, line.to);
    if (line.discount === true && takesOff) {
      const reason = `${line.description}, ${line.from} to ${to}`;
      if (net < 0n) allowances.push({ reason, amount: -net, ...vat });
      else if (net > 0n) charges.push({ reason, amount: net, ...vat });
      continue;
    }
    lines.push({
      id: `${index + 1}`,
      name: line.description,
      quantity: net < 0n ? -1n : 1n,
      price: net < 0n ? -net : net,
      net,
      from: line.from,
      to,
      ...vat,
    });
  }
  const breakdown = breakdownOf(snapshot, untaxed, sign);
  const inclusive = sign * BigInt(snapshot.gross);
  return {
    ok: true,
    invoice: {
      specification: 'urn:cen.eu:en16931:2017',
      typeCode: snapshot.type === 'INVOICE' ? '380' : '381',
      number: snapshot.number,
      issuedOn: snapshot.issuedOn,
      dueOn: snapshot.dueOn,
      currency: snapshot.currency,
      digits: minorDigits(snapshot.currency) ?? 2,
      seller: { name: snapshot.seller, ...snapshot.sellerDetails },
      buyer: { name: snapshot.customer.name, email: snapshot.customer.email, ...snapshot.customerDetails },
      note: noteOf(snapshot),
      preceding,
      remittance: paymentReference(snapshot.number),
      lines,
      breakdown,
      allowances,
      charges,
      lineTotal: lines.reduce((sum, line) => sum + line.net, 0n),
      exclusive: sign * BigInt(snapshot.net),
      tax: sign * BigInt(snapshot.tax),
      inclusive,
      prepaid,
      payable: inclusive - prepaid,
    },
  };
}

/** The rate as BT-119 and BT-152 say it: one text for one number, and none outside the scope of VAT (BR-O-05). */
function vatOf({ category, percent = '0' }: { readonly category: string; readonly percent?: string }) {
  const plain = percent.includes('.') ? percent.replace(/\.?0+$/, '') : percent;
  return { category: category as VatCategory, percent: category === 'O' ? undefined : plain };
}

/** BT-120, where the tax gives no reason of its own. */
const reasonOf: Readonly<Record<string, string>> = {
  E: 'Exempt from VAT',
  AE: 'Reverse charge',
  O: 'Not subject to VAT',
};

/**
 * BG-23: one of each category and rate (BR-S-08, BR-E-01 and the like), however many taxes, certificates and untaxed lines
 * of ours come under it; the reasons of all of them.
 */
function breakdownOf(snapshot: DocumentSnapshot, untaxed: 'E' | 'O', sign: bigint): VatBreakdown[] {
  const rest = snapshot.lines.filter(({ taxes }) => (taxes ?? []).length === 0);
  const parts = snapshot.taxes.map((tax) => ({
    ...vatOf(tax),
    base: sign * BigInt(tax.base),
    tax: sign * BigInt(tax.tax),
    reason: tax.reason ?? reasonOf[tax.category],
  }));
  if (rest.length > 0)
    parts.push({
      ...vatOf({ category: untaxed }),
      base: rest.reduce((sum, line) => sum + sign * BigInt(line.net), 0n),
      tax: 0n,
      reason: reasonOf[untaxed],
    });
  const merged = new Map<string, VatBreakdown>();
  for (const part of parts) {
    const key = `${part.category}|${part.percent ?? ''}`;
    const { base = 0n, tax = 0n, reason } = merged.get(key) ?? {};
    const reasons = new Set([reason, part.reason].filter((one) => one !== undefined));
    merged.set(key, {
      ...part,
      base: base + part.base,
      tax: tax + part.tax,
      reason: reasons.size === 0 ? undefined : [...reasons].join('; '),
    });
  }
  return [...merged.values()];
}

/** BT-22: why a credit note was issued, and how net amounts came of prices with tax. */
function noteOf({ reason, lines }: DocumentSnapshot): string | undefined {
  const notes = reason == null ? [] : [reason];
  if (lines.some(({ taxIncluded }) => taxIncluded)) notes.push(taxIncludedNote);
  return notes.length === 0 ? undefined : notes.join('. ');
}

/** Who is registered for VAT exempts what is not taxed (E); who is not, is outside its scope (O). */
function untaxedCategory({ taxes, sellerDetails }: DocumentSnapshot): 'E' | 'O' {
  return taxes.length > 0 || sellerDetails?.vatId != null ? 'E' : 'O';
}
