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
    words: /temp|thermal|celsius|°c|\b(?:ambient|inlet|exhaust|heat ?sink)\b/i,
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
    // "Power 1/1" names a supply.
    words:
      /watt|\b(?:total|input|output|active|real|average|forward|reflected|reverse) power\b|^power(?: \d+)?$|\bpower (?:consum|usage|draw|in\b|out)/i,
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

/** The number and unit of a text such as `23.4 C` or `6.582 mA: Normal`; null when it is not that. */
export function measured(text: string): { readonly value: number; readonly unit: string } | null {
  const match = /^([-+]?\d+(?:\.\d+)?) ?([%°A-Za-z]{1,12}(?: ?[A-Za-z]{1,3})?)(?: ?[:;] ?[A-Za-z]+)?$/.exec(
    text.trim(),
  );
  return match === null ? null : { value: Number(match[1]), unit: match[2] as string };
}

/** Names of limits, states and settings of a quantity rather than of its measurement. */
const NOT_MEASURED =
  /alarm|thresh|limit|set ?p(?:oin)?t|hyst|offset|status|state\b|delay|categor|desc|\bunits?\b|\b(?:over|under)\b|\b(?:fail|fault|lost|error)/i;

/** The quantity a name speaks of, or null. */
export function ofName(name: string): Quantity | null {
  return NOT_MEASURED.test(name) ? null : (quantities.find(({ words }) => words.test(name)) ?? null);
}

/** What a text such as `Temperature (milliDegC)` or `Voltage (mV)` measures, or null. */
export function unitInName(
  text: string,
): { class: string; multiplier?: number; convert?: 'fahrenheit' } | null {
  const [, name = '', unit = ''] = /^([^()]+?) ?\(([^()]+)\)$/.exec(text.trim()) ?? [];
  const quantity = ofName(name);
  const [, milli, plain = ''] = /^(milli ?)?(.+)$/i.exec(unit) ?? [];
  const kind = ofUnit(plain);
  if (quantity === null || kind === null || kind.class !== quantity.class) return null;
  return milli === undefined ? kind : { ...kind, multiplier: 0.001 };
}

/**
 * The one divisor with which all rows of a column are plausible, whatever each measures, when most of the quantities
 * would have chosen it by themselves; null when there is none. A column seldom has two scales.
 */
export function commonDivisor(
  rows: readonly { readonly quantity: Quantity; readonly name: string; readonly value: number }[],
): { readonly divisor: number; readonly why: string } | null {
  const real = rows.filter(({ value }) => value !== 0 && Math.abs(value) < 1_000_000_000);
  const quantities = [...new Set(real.map(({ quantity }) => quantity))];
  const chosen = quantities.map(
    (quantity) =>
      divisorFor(
        quantity,
        real.filter((row) => row.quantity === quantity),
      )?.divisor,
  );
  const divisor = chosen.find(
    (it) => it !== undefined && 2 * chosen.filter((other) => other === it).length > chosen.length,
  );
  if (divisor === undefined || quantities.length < 2) return null;
  const plausible = real.every(
    ({ quantity: { usual }, value }) => value / divisor >= usual[0] && value / divisor <= usual[1],
  );
  return plausible ? { divisor, why: `all rows are plausible when divided by ${divisor}` } : null;
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
