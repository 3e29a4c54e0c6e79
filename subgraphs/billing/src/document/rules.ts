import { percentOf } from '@dotmac/platform/money/decimal';

/** An amount of a document with its tax category and rate (percent text). Minor units. */
interface DocumentAmount {
  readonly amount: bigint;
  readonly category: string;
  readonly percent: string;
}

export interface DocumentParts {
  readonly lines: readonly DocumentAmount[];
  /** Document level, positive. */
  readonly allowances: readonly DocumentAmount[];
  readonly charges: readonly DocumentAmount[];
  readonly prepaid: bigint;
  /** Cash rounding (BT-114), its own field. */
  readonly payableRounding: bigint;
}

interface DocumentSubtotal {
  readonly category: string;
  readonly percent: string;
  readonly taxable: bigint;
  readonly tax: bigint;
}

/** The totals of EN 16931, by their business terms. Minor units. */
export interface DocumentTotals {
  /** BT-106 */
  readonly lineTotal: bigint;
  /** BT-107 */
  readonly allowanceTotal: bigint;
  /** BT-108 */
  readonly chargeTotal: bigint;
  /** BT-109 */
  readonly taxExclusive: bigint;
  /** BT-110 */
  readonly tax: bigint;
  /** BT-112 */
  readonly taxInclusive: bigint;
  /** BT-115 */
  readonly payable: bigint;
  readonly subtotals: readonly DocumentSubtotal[];
}

/** Totals by EN 16931: tax once per category and rate (BR-CO-17), the rest by addition (BR-CO-10 to BR-CO-16). */
export function documentTotals(parts: DocumentParts): DocumentTotals {
  const taxable = new Map<string, { category: string; percent: string; taxable: bigint }>();
  const collect = (amounts: readonly DocumentAmount[], sign: bigint): bigint => {
    let total = 0n;
    for (const { amount, category, percent } of amounts) {
      const key = `${category}|${percent}`;
      const group = taxable.get(key) ?? { category, percent, taxable: 0n };
      group.taxable += sign * amount;
      taxable.set(key, group);
      total += amount;
    }
    return total;
  };
  const lineTotal = collect(parts.lines, 1n);
  const allowanceTotal = collect(parts.allowances, -1n);
  const chargeTotal = collect(parts.charges, 1n);
  const subtotals = [...taxable.values()].map((group) => ({
    ...group,
    tax: percentOf(group.taxable, group.percent),
  }));
  const tax = subtotals.reduce((sum, group) => sum + group.tax, 0n);
  const taxExclusive = lineTotal - allowanceTotal + chargeTotal;
  const taxInclusive = taxExclusive + tax;
  const payable = taxInclusive - parts.prepaid + parts.payableRounding;
  return { lineTotal, allowanceTotal, chargeTotal, taxExclusive, tax, taxInclusive, payable, subtotals };
}

export interface RuleViolation {
  /** Rule of EN 16931-1, such as `BR-CO-15`. */
  readonly rule: string;
  readonly message: string;
}

/** The calculation rules of EN 16931 that stated totals break. Empty: the document adds up. */
export function checkDocumentTotals(parts: DocumentParts, stated: DocumentTotals): RuleViolation[] {
  const sum = (amounts: ReadonlyArray<{ amount: bigint }>) =>
    amounts.reduce((total, one) => total + one.amount, 0n);
  const broken: RuleViolation[] = [];
  const check = (rule: string, what: string, is: bigint, should: bigint) => {
    if (is !== should) broken.push({ rule, message: `${rule}: ${what} is ${is}, must be ${should}` });
  };
  check('BR-CO-10', 'sum of line net amounts (BT-106)', stated.lineTotal, sum(parts.lines));
  check('BR-CO-11', 'sum of allowances (BT-107)', stated.allowanceTotal, sum(parts.allowances));
  check('BR-CO-12', 'sum of charges (BT-108)', stated.chargeTotal, sum(parts.charges));
  const exclusive = stated.lineTotal - stated.allowanceTotal + stated.chargeTotal;
  check('BR-CO-13', 'total without VAT (BT-109)', stated.taxExclusive, exclusive);
  check(
    'BR-CO-14',
    'total VAT (BT-110)',
    stated.tax,
    stated.subtotals.reduce((total, one) => total + one.tax, 0n),
  );
  check('BR-CO-15', 'total with VAT (BT-112)', stated.taxInclusive, stated.taxExclusive + stated.tax);
  const payable = stated.taxInclusive - parts.prepaid + parts.payableRounding;
  check('BR-CO-16', 'amount due (BT-115)', stated.payable, payable);
  for (const group of stated.subtotals) {
    const label = `${group.category} ${group.percent}`;
    check(
      'BR-CO-17',
      `VAT of category ${label} (BT-117)`,
      group.tax,
      percentOf(group.taxable, group.percent),
    );
    const own = (amounts: readonly DocumentAmount[]) =>
      sum(amounts.filter((one) => one.category === group.category && one.percent === group.percent));
    const base = own(parts.lines) - own(parts.allowances) + own(parts.charges);
    check(`BR-${group.category}-08`, `taxable amount of ${label} (BT-116)`, group.taxable, base);
  }
  if (stated.subtotals.length === 0)
    broken.push({ rule: 'BR-CO-18', message: 'BR-CO-18: at least one VAT breakdown (BG-23)' });
  return broken;
}
