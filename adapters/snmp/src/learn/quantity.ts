/** A physical quantity as words, units and sizes tell it. */
interface Quantity {
  readonly class: string;
  readonly words: RegExp;
  /** Values that are plausible in the unit of the class; divisors are tried until the values lie within. */
  readonly usual: readonly [low: number, high: number];
  readonly divisors: readonly number[];
}

/** In the order they are tried: special before general. */
const quantities: readonly Quantity[] = [
  {
    class: 'dbm',
    words: /\b(?:rx|tx|optical|receive|transmit)[ _-]?(?:power|level)|dbm/i,
    usual: [-50, 30],
    divisors: [1, 10, 100, 1000],
  },
  {
    class: 'temperature',
    words: /temp|thermal|celsius|°c/i,
    usual: [-40, 125],
    divisors: [1, 10, 100, 1000],
  },
  { class: 'humidity', words: /humid/i, usual: [1, 100], divisors: [1, 10, 100] },
  { class: 'fanspeed', words: /\bfan|rpm\b/i, usual: [200, 30_000], divisors: [1] },
  { class: 'frequency', words: /\bfreq|hertz/i, usual: [40, 70], divisors: [1, 10, 100, 1000] },
  {
    class: 'voltage',
    words: /volt|\bv(?:dc|ac)\b|\d ?v\b|\bv(?:in|out)\b/i,
    usual: [0.3, 500],
    divisors: [1, 10, 100, 1000],
  },
  { class: 'current', words: /\bcurrent|\bamp(?:s|ere)?\b/i, usual: [0, 200], divisors: [1, 10, 100, 1000] },
  { class: 'charge', words: /charge|battery (?:level|capacity)/i, usual: [0, 100], divisors: [1, 10] },
  {
    class: 'power',
    words: /watt|\bpower\b(?! ?(?:supply|unit|module))/i,
    usual: [0, 20_000],
    divisors: [1, 10, 1000],
  },
];

/** Units that agents write after a number or into a column of units; with what makes them the unit of the class. */
const units: readonly (readonly [
  pattern: RegExp,
  kind: { class: string; multiplier?: number; convert?: 'fahrenheit' },
])[] = [
  [/^(?:°|deg(?:rees?)?\.? ?)?c(?:elsius)?$/i, { class: 'temperature' }],
  [/^(?:°|deg(?:rees?)?\.? ?)?f(?:ahrenheit)?$/i, { class: 'temperature', convert: 'fahrenheit' }],
  [/^mv$/i, { class: 'voltage', multiplier: 0.001 }],
  [/^v(?:olts?|[ -]?[ad]c)?$/i, { class: 'voltage' }],
  [/^ma$/i, { class: 'current', multiplier: 0.001 }],
  [/^a(?:mps?|mperes?|[ -]?[ad]c)?$/i, { class: 'current' }],
  [/^kw$/i, { class: 'power', multiplier: 1000 }],
  [/^w(?:atts?)?$/i, { class: 'power' }],
  [/^kwh$/i, { class: 'power_consumed' }],
  [/^hz$/i, { class: 'frequency' }],
  [/^rpm$/i, { class: 'fanspeed' }],
  [/^%? ?rh$/i, { class: 'humidity' }],
  [/^(?:%|percent)$/i, { class: 'percent' }],
  [/^dbm$/i, { class: 'dbm' }],
  [/^db$/i, { class: 'snr' }],
];

/** What a unit measures, or null. */
export function ofUnit(unit: string) {
  return units.find(([pattern]) => pattern.test(unit.trim()))?.[1] ?? null;
}

/** The number and unit of a text such as `23.4 C`; null when it is not that. */
export function measured(text: string): { readonly value: number; readonly unit: string } | null {
  const match = /^([-+]?\d+(?:\.\d+)?) ?([%°A-Za-z]{1,12}(?: ?[A-Za-z]{1,3})?)$/.exec(text.trim());
  return match === null ? null : { value: Number(match[1]), unit: match[2] as string };
}

/** The quantity a name speaks of, or null. */
export function ofName(name: string): Quantity | null {
  return quantities.find(({ words }) => words.test(name)) ?? null;
}

/**
 * The divisor that brings the values to a plausible size, and why: a nominal value in a name (`12V`) decides, else
 * the first that fits. Null when none does.
 */
export function divisorFor(
  quantity: Quantity,
  rows: readonly { readonly name: string; readonly value: number }[],
): { readonly divisor: number; readonly why: string } | null {
  const real = rows.filter(({ value }) => value !== 0 && Math.abs(value) < 1_000_000_000);
  if (real.length === 0) return null;
  if (quantity.class === 'voltage') {
    for (const { name, value } of real) {
      const nominal = Number(/(\d+(?:\.\d+)?) ?v/i.exec(name)?.[1]);
      const divisor = quantity.divisors.find((it) => Math.abs(value / it - nominal) <= 0.15 * nominal);
      if (divisor !== undefined) {
        return {
          divisor,
          why: `"${name}" reads ${value}, which is ${value / divisor} V divided by ${divisor}`,
        };
      }
    }
  }
  const [low, high] = quantity.usual;
  const divisor = quantity.divisors.find((it) =>
    real.every(({ value }) => value / it >= low && value / it <= high),
  );
  if (divisor === undefined) return null;
  const values = real.map(({ value }) => value / divisor);
  return {
    divisor,
    why: `values from ${Math.min(...values)} to ${Math.max(...values)} when divided by ${divisor}`,
  };
}
