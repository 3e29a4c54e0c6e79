import { percentOf } from '@dotmac/platform/money/decimal';
import type { Explanation } from '../explanation/rules.ts';

/** What one tax rate of an issued invoice carries, and what credit notes took of it so far. Minor units. */
export interface CreditableGroup {
  readonly id: string;
  /** Percent as decimal text. */
  readonly percent: string;
  readonly net: bigint;
  readonly tax: bigint;
  readonly creditedNet: bigint;
  readonly creditedTax: bigint;
}

interface CreditedGroup {
  readonly id: string;
  readonly net: bigint;
  readonly tax: bigint;
  readonly explanation: Explanation;
}

type CreditError = {
  readonly code: 'UNKNOWN_GROUP' | 'CREDIT_EXCEEDS_INVOICE' | 'CREDIT_NOT_POSITIVE';
  readonly field: string;
  readonly message: string;
};

export type CreditResult =
  | {
      readonly ok: true;
      readonly groups: CreditedGroup[];
      readonly net: bigint;
      readonly tax: bigint;
      readonly gross: bigint;
    }
  | { readonly ok: false; readonly error: CreditError };

/**
 * A credit note over `request` (net per tax group, positive). Tax is cumulative: the tax of all credit so far minus
 * what was credited before, and the whole tax once the whole net is credited, so notes that cover an invoice equal
 * it in any order.
 */
export function creditNote(
  groups: readonly CreditableGroup[],
  request: ReadonlyArray<{ readonly id: string; readonly net: bigint }>,
): CreditResult {
  const credited: CreditedGroup[] = [];
  for (const [index, { id, net }] of request.entries()) {
    const field = `credits[${index}]`;
    const group = groups.find((one) => one.id === id);
    if (group === undefined) return fail('UNKNOWN_GROUP', field, `the invoice has no tax group "${id}"`);
    if (net <= 0n) return fail('CREDIT_NOT_POSITIVE', field, `a credit must be more than 0, not ${net}`);
    const left = group.net - group.creditedNet;
    if (net > left)
      return fail('CREDIT_EXCEEDS_INVOICE', field, `${net} is more than the ${left} still creditable`);
    credited.push(creditGroup(group, net));
  }
  const net = credited.reduce((sum, one) => sum + one.net, 0n);
  const tax = credited.reduce((sum, one) => sum + one.tax, 0n);
  return { ok: true, groups: credited, net, tax, gross: net + tax };
}

function creditGroup(group: CreditableGroup, net: bigint): CreditedGroup {
  const cumulative = group.creditedNet + net;
  const isWhole = cumulative === group.net;
  const taxSoFar = isWhole ? group.tax : min(percentOf(cumulative, group.percent), group.tax);
  return {
    id: group.id,
    net,
    tax: taxSoFar - group.creditedTax,
    explanation: {
      rule: 'credit.cumulative-tax',
      version: 1,
      inputs: {
        creditedNet: `${cumulative}`,
        percent: group.percent,
        invoiceTax: `${group.tax}`,
        creditedTax: `${group.creditedTax}`,
      },
      formula: isWhole
        ? 'invoiceTax - creditedTax'
        : 'min(round(creditedNet * percent / 100), invoiceTax) - creditedTax',
      facts: { taxGroup: group.id, net: `${net}` },
    },
  };
}

/** What is still creditable of an invoice, gross: the rest of every group. */
export function creditableGross(groups: readonly CreditableGroup[]): bigint {
  return groups.reduce((sum, one) => sum + one.net - one.creditedNet + one.tax - one.creditedTax, 0n);
}

const min = (a: bigint, b: bigint) => (a < b ? a : b);
const fail = (code: CreditError['code'], field: string, message: string): CreditResult => ({
  ok: false,
  error: { code, field, message: `${field}: ${message}` },
});
