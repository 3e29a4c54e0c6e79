import { parseDecimal } from '@dotmac/platform/money/decimal';
import {
  over,
  plus,
  type Rational,
  rational,
  rationalText,
  round,
  times,
  ZERO,
} from '@dotmac/platform/money/rational';
import { formatDay } from '../calendar/rules.ts';
import type { Explanation } from '../explanation/rules.ts';

import { share, spread } from './rules-rounding.ts';
import type {
  TaxableLine,
  TaxComponent,
  TaxContext,
  TaxError,
  TaxedLine,
  TaxResult,
  TaxSubtotal,
} from './rules-types.ts';

interface Part {
  readonly line: number;
  readonly inclusive: boolean;
  /** What the line says, with the tax when it is inclusive. */
  readonly amount: bigint;
  readonly component: TaxComponent;
  readonly category: string;
  readonly reason: string | undefined;
  readonly net: Rational;
  readonly exact: Rational;
}

/** The components that apply to a line: its class, its customer, its day, its jurisdictions. */
function componentsFor(
  components: readonly TaxComponent[],
  line: TaxableLine,
  context: TaxContext,
): TaxComponent[] {
  return components.filter(
    (one) =>
      context.jurisdictions.includes(one.jurisdiction) &&
      one.productClass === line.productClass &&
      (one.customerClass === undefined || one.customerClass === context.customerClass) &&
      one.from <= line.taxPoint &&
      line.taxPoint < (one.to ?? Number.POSITIVE_INFINITY),
  );
}

/**
 * Tax of a document. Net and tax are rounded separately; the tax of each rate is spread over its lines by largest
 * remainder, so lines, subtotals and the total always agree. Of a line whose amount includes its tax, net and tax sum
 * to that amount, always: the tax is the rate's fraction of it, and the net is what remains.
 */
export function calculateTax(
  lines: readonly TaxableLine[],
  components: readonly TaxComponent[],
  context: TaxContext,
): TaxResult {
  const known = new Set(components.map((one) => one.jurisdiction));
  const unknown = context.jurisdictions.find((one) => !known.has(one));
  if (unknown !== undefined) {
    return failure('UNKNOWN_JURISDICTION', 'jurisdictions', `no tax data for jurisdiction "${unknown}"`);
  }
  const parts: Part[] = [];
  for (const [index, line] of lines.entries()) {
    const found = lineParts(index, line, componentsFor(components, line, context), context);
    if (!Array.isArray(found)) return { ok: false, error: found };
    parts.push(...found);
  }
  return assemble(lines, parts, context);
}

function lineParts(
  index: number,
  line: TaxableLine,
  applied: TaxComponent[],
  context: TaxContext,
): Part[] | TaxError {
  const ids = new Set(applied.map((one) => one.id));
  if (ids.size !== applied.length) {
    return taxError(
      'OVERLAPPING_COMPONENTS',
      `lines[${index}]`,
      'two versions of one component are valid on the same day',
    );
  }
  const factors = new Map<string, Rational>();
  const states = applied.map((component) => ({ component, ...treatment(component, line, context) }));
  for (const { component, taxed } of states) {
    if (!('percent' in component.charge)) {
      if (line.inclusive === true && taxed) {
        return taxError(
          'INCLUSIVE_PER_UNIT',
          `lines[${index}]`,
          `${component.name} is an amount per unit: it cannot be inside a price`,
        );
      }
      continue;
    }
    let base = rational(1n);
    for (const id of component.onTopOf ?? []) {
      const below = factors.get(id);
      if (below === undefined && ids.has(id)) {
        return taxError(
          'UNKNOWN_BASE_COMPONENT',
          component.id,
          `"${id}" must be listed before the tax that stands on it`,
        );
      }
      base = plus(base, below ?? ZERO);
    }
    const rate = taxed ? over(parseDecimal(component.charge.percent), rational(100n)) : ZERO;
    factors.set(component.id, times(base, rate));
  }
  const total = [...factors.values()].reduce(plus, rational(1n));
  const inclusive = line.inclusive === true;
  const net = inclusive ? over(rational(line.amount), total) : rational(line.amount);
  return states.map(({ component, category, reason, taxed }) => ({
    line: index,
    inclusive,
    amount: line.amount,
    component,
    category,
    reason,
    net,
    exact:
      'percent' in component.charge
        ? times(net, factors.get(component.id) ?? ZERO)
        : rational(taxed ? component.charge.perUnit * line.quantity : 0n),
  }));
}

function treatment(component: TaxComponent, line: TaxableLine, context: TaxContext) {
  if (context.reverseCharge) return { category: 'AE', taxed: false, reason: context.reverseCharge.reason };
  const exemption = context.exemptions.find(
    (one) =>
      one.jurisdiction === component.jurisdiction && one.from <= line.taxPoint && line.taxPoint < one.to,
  );
  if (exemption?.reverseCharge === true)
    return { category: 'AE', taxed: false, reason: `Reverse charge, VAT id ${exemption.certificate}` };
  if (exemption) return { category: 'E', taxed: false, reason: `certificate ${exemption.certificate}` };
  return { category: component.category, taxed: true, reason: undefined };
}

function assemble(lines: readonly TaxableLine[], parts: readonly Part[], context: TaxContext): TaxResult {
  const groups = Map.groupBy(parts, (part) => `${part.component.id}|${rateText(part)}|${part.category}`);
  const shares = new Map<Part, bigint>();
  const exactTotal = parts.reduce((sum, part) => plus(sum, part.exact), ZERO);
  const groupList = [...groups.values()];
  const once =
    context.rounding === 'documentOnce' ? spread(round(exactTotal), groupList.map(sumExact)) : undefined;
  const totals = groupList.map((group, index) => {
    if (context.rounding === 'perLine') {
      for (const part of group) shares.set(part, round(part.exact));
      return group.reduce((sum, part) => sum + round(part.exact), 0n);
    }
    const total = once?.[index] ?? round(sumExact(group));
    const split = share(total, group);
    for (const [at, part] of group.entries()) shares.set(part, split[at] ?? 0n);
    return total;
  });
  const taxed = lines.map((line, index): TaxedLine => {
    const own = parts.filter((part) => part.line === index);
    const tax = own.reduce((sum, part) => sum + (shares.get(part) ?? 0n), 0n);
    return {
      net: line.inclusive === true ? line.amount - tax : line.amount,
      tax,
      parts: own.map((part) => ({
        componentId: part.component.id,
        tax: shares.get(part) ?? 0n,
        group: groupList.findIndex((group) => group.includes(part)),
      })),
    };
  });
  const subtotals = groupList.map((group, index) => subtotal(group, taxed, totals[index] ?? 0n, context));
  const sum = (pick: (line: TaxedLine) => bigint) => taxed.reduce((total, line) => total + pick(line), 0n);
  return { ok: true, lines: taxed, subtotals, net: sum((line) => line.net), tax: sum((line) => line.tax) };
}

const sumExact = (group: readonly Part[]): Rational =>
  group.reduce((sum, part) => plus(sum, part.exact), ZERO);
const rateText = (part: Part) =>
  'percent' in part.component.charge
    ? part.component.charge.percent
    : `${part.component.charge.perUnit} per unit`;

function subtotal(
  group: readonly Part[],
  taxed: readonly TaxedLine[],
  tax: bigint,
  context: TaxContext,
): TaxSubtotal {
  const [first] = group;
  if (first === undefined) throw new RangeError('a tax group has at least one line');
  const { component, category, reason } = first;
  const base = group.reduce((sum, part) => sum + (taxed[part.line]?.net ?? 0n), 0n);
  const exact = context.rounding === 'perLine' ? group.map((part) => part.exact) : [sumExact(group)];
  const inputs = Object.fromEntries(exact.map((part, index) => [`tax${index}`, rationalText(part)]));
  const rounded = Object.keys(inputs)
    .map((name) => `round(${name})`)
    .join(' + ');
  return {
    componentId: component.id,
    name: component.name,
    category,
    ...('percent' in component.charge
      ? { percent: category === component.category ? component.charge.percent : '0' }
      : {}),
    base,
    tax,
    ...(reason === undefined ? {} : { reason }),
    explanation: {
      rule: `tax.${context.rounding}`,
      version: 1,
      ...explainGroup(group, context, { inputs, formula: rounded }, tax),
      facts: {
        component: component.id,
        jurisdiction: component.jurisdiction,
        rate: rateText(first),
        validFrom: formatDay(component.from),
        category,
        ...(reason === undefined ? {} : { reason }),
      },
    },
  };
}

/** Plain percentages explain themselves by base and rate; everything else by its exact parts. */
function explainGroup(
  group: readonly Part[],
  context: TaxContext,
  exactParts: { inputs: Record<string, string>; formula: string },
  tax: bigint,
): Pick<Explanation, 'inputs' | 'formula'> {
  const [first] = group;
  if (context.rounding === 'documentOnce') {
    const exact = rationalText(sumExact(group));
    return {
      inputs: { exact, roundingShare: rationalText(plus(rational(tax * 1n), negative(sumExact(group)))) },
      formula: 'exact + roundingShare',
    };
  }
  const simple =
    first &&
    'percent' in first.component.charge &&
    first.category === first.component.category &&
    !first.component.onTopOf?.length &&
    context.rounding !== 'perLine';
  const inside = group.filter((part) => part.inclusive);
  // Beside another tax, what is inside a price is not a fraction by this rate alone.
  if (!simple || inside.some((part) => !isFraction(part))) return exactParts;
  const percent = rateText(first);
  const gross = `${inside.reduce((sum, part) => sum + part.amount, 0n)}`;
  const base = rationalText(group.reduce((sum, part) => (part.inclusive ? sum : plus(sum, part.net)), ZERO));
  const ofGross = 'gross * percent / (100 + percent)';
  if (inside.length === 0) return { inputs: { base, percent }, formula: 'round(base * percent / 100)' };
  if (inside.length === group.length) return { inputs: { gross, percent }, formula: `round(${ofGross})` };
  return { inputs: { base, gross, percent }, formula: `round(base * percent / 100 + ${ofGross})` };
}

const isFraction = ({ amount, net, exact }: Part): boolean => {
  const { num, den } = plus(net, exact);
  return num === amount * den;
};

const negative = (a: Rational): Rational => rational(-a.num, a.den);
const taxError = (code: TaxError['code'], field: string, message: string): TaxError => ({
  code,
  field,
  message,
});
const failure = (code: TaxError['code'], field: string, message: string): TaxResult => ({
  ok: false,
  error: taxError(code, field, message),
});
