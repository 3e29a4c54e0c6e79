import { type Day, formatDay, parseDay } from '../calendar/rules.ts';
import type { ChargeLine } from '../charge/rules.ts';
import { type ChargePolicy, DEFAULT_POLICY } from '../charge/rules-policy.ts';
import type { Anchor, Interval } from '../period/rules.ts';
import { calculateTax } from '../tax/rules.ts';
import type { TaxComponent, TaxRounding } from '../tax/rules-types.ts';

export interface CaseAnchor {
  type: string;
  day?: number;
  month?: number;
  date?: string;
}
export interface CaseLine {
  kind: string;
  price_minor: number;
  from: string;
  to: string;
  period: [string, string];
  sign: number;
  amount_minor: number;
}
export interface CaseEvent {
  type: string;
  on?: string;
  at?: string;
  local_date?: string;
  trial_days?: number;
  one_off_minor?: number;
  price_minor?: number;
  amount_minor?: number;
  of?: string;
  interval?: Interval;
  anchor?: CaseAnchor;
}
export interface CaseRun {
  on: string;
  lines: CaseLine[];
  credit_lines?: CaseLine[];
  total_minor: number;
  tax_minor?: number;
  gross_minor?: number;
  credit_note_gross_minor?: number;
}

export interface Case<Input = unknown, Expected = unknown, Ours = unknown> {
  id: string;
  title: string;
  kind: string;
  options: Record<string, string>;
  input: Input;
  expected: Expected;
  /** `same` (a string, on which these are absent), or DotMac's own figures. */
  recommended_convention: { differs?: boolean; why?: string } & Partial<Ours>;
  /** That of where the case is from; empty where there is only one. */
  convention: Record<string, unknown>;
}

/** Runs one kind of case; the shapes are those of the file's own description. */

export type Runner = (one: Case) => void;
export function runner<Input, Expected, Ours = unknown>(
  run: (one: Case<Input, Expected, Ours>) => void,
): Runner {
  return (one) => run(one as Case<Input, Expected, Ours>);
}

export const day = (text: string): Day => {
  const found = parseDay(text);
  if (found === undefined) throw new Error(`"${text}" is not a date`);
  return found;
};

export function anchorOf(anchor: CaseAnchor): Anchor {
  switch (anchor.type) {
    case 'day_of_month':
      return { type: 'dayOfMonth', day: anchor.day ?? 0 };
    case 'month_day':
      return { type: 'monthDay', month: anchor.month ?? 0, day: anchor.day ?? 0 };
    case 'anniversary':
      return { type: 'anniversary', date: day(anchor.date ?? '') };
    case 'start_date':
      return { type: 'startDate' };
    default:
      return { type: 'calendar' };
  }
}

export function policyOf(options: Record<string, string>): ChargePolicy {
  return {
    ...DEFAULT_POLICY,
    endDay: options.end_day === 'inclusive' ? 'inclusive' : 'exclusive',
    termChange: options.term_change === 'keep_anchor' ? 'keepAnchor' : 'newTerm',
    creditDelivery: options.credit_delivery === 'credit_note' ? 'creditNote' : 'sameDocument',
  };
}

export const simple = (line: { from: string; to: string; amount_minor: number }) =>
  `${line.from}..${line.to} ${line.amount_minor}`;
export const found = (line: ChargeLine) => `${formatDay(line.from)}..${formatDay(line.to)} ${line.amount}`;
export const total = (lines: ReadonlyArray<{ amount: bigint }>) =>
  lines.reduce((sum, line) => sum + line.amount, 0n);

export function vat(net: bigint, percent: string, rounding: TaxRounding = 'perRate'): bigint {
  return vatOf([[net, percent]], rounding);
}

export function vatOf(lines: ReadonlyArray<readonly [bigint, string]>, rounding: TaxRounding): bigint {
  const components: TaxComponent[] = [...new Set(lines.map(([, percent]) => percent))].map((percent) => ({
    id: percent,
    jurisdiction: 'case',
    productClass: percent,
    from: 0,
    name: percent,
    charge: { percent },
    category: 'S',
  }));
  const taxable = lines.map(([amount, productClass]) => ({
    amount,
    quantity: 1n,
    productClass,
    taxPoint: 1,
  }));
  const context = {
    jurisdictions: ['case'],
    customerClass: 'any',
    exemptions: [],
    rounding,
  };
  const result = calculateTax(taxable, components, context);
  if (!result.ok) throw new Error(result.error.message);
  return result.tax;
}

export const basisPoints = (bp: number) => rationalDecimal(BigInt(bp));
const rationalDecimal = (bp: bigint) => `${bp / 100n}.${String(bp % 100n).padStart(2, '0')}`;

/** The value, which the case must have. */
export function given<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('the case lacks a value that its kind needs');
  return value;
}
