import { parseDay } from '../calendar/rules.ts';
import { PRODUCT_CLASSES } from './rules-jurisdictions.ts';
import type { TaxComponent } from './rules-types.ts';

/** One rate as a rate service tells it. */
interface QuotedRate {
  readonly name: string;
  readonly productClass: string;
  /** Percent as decimal text, or minor units for each line: one of the two. */
  readonly percent?: string;
  readonly perLineMinor?: string;
  /** Names of rates before this one whose tax is part of its base. */
  readonly onTopOf: readonly string[];
  /** S, Z, E or O of UNCL 5305. */
  readonly category: string;
  /** ISO date. */
  readonly from: string;
}

export interface Quote {
  readonly jurisdiction: string;
  readonly source: string;
  readonly rates: readonly QuotedRate[];
}

/** What is wrong with an answer, and where. */
export class MalformedQuote extends Error {
  readonly code = 'MALFORMED_QUOTE';
  constructor(where: string, what: string) {
    super(`The answer of the rate service: ${where} ${what}`);
  }
}

/** Places whose rates come from a rate service. */
export const isQuoted = (jurisdiction: string): boolean => /^US(-[A-Z0-9]{1,10})*$/.test(jurisdiction);

/**
 * Reads an answer: `{"source": …, "places": {"US-NY-10001": [{"name": "E911", "productClass": "voice", "perLineMinor": "100",
 * "from": "2026-01-01"}, …]}}`. Places that were not asked for are left out; a place that is missing has no quote, and
 * so has one without rates: that nothing is taxed there is said by rates of category E or Z.
 * @throws MalformedQuote
 */
export function readQuotes(answer: unknown, asked: readonly string[]): Quote[] {
  const { source, places } = record(answer, 'it');
  const from = text(source, 'source', 500);
  const named = record(places, 'places');
  return asked.flatMap((jurisdiction) => {
    const given = named[jurisdiction];
    if (given === undefined) return [];
    if (!Array.isArray(given)) throw new MalformedQuote(`places.${jurisdiction}`, 'is not a list');
    if (given.length > 500) throw new MalformedQuote(`places.${jurisdiction}`, 'has more than 500 rates');
    const rates = given.map((rate: unknown, index) => readRate(rate, `places.${jurisdiction}[${index}]`));
    for (const [index, { name, productClass, onTopOf }] of rates.entries()) {
      const before = rates.slice(0, index).filter((one) => one.productClass === productClass);
      const missing = onTopOf.find((below) => !before.some((one) => one.name === below));
      if (missing !== undefined)
        throw new MalformedQuote(
          `places.${jurisdiction}[${index}].onTopOf`,
          `names "${missing}", which is not before it`,
        );
      if (before.some((one) => one.name === name))
        throw new MalformedQuote(
          `places.${jurisdiction}[${index}].name`,
          `is "${name}" a second time for ${productClass}`,
        );
    }
    return rates.length === 0 ? [] : [{ jurisdiction, source: from, rates }];
  });
}

function readRate(given: unknown, where: string): QuotedRate {
  const rate = record(given, where);
  const { percent, perLineMinor } = rate;
  if ((percent === undefined) === (perLineMinor === undefined))
    throw new MalformedQuote(where, 'has not exactly one of percent and perLineMinor');
  const onTopOf = rate.onTopOf ?? [];
  if (!Array.isArray(onTopOf)) throw new MalformedQuote(`${where}.onTopOf`, 'is not a list');
  return {
    name: matching(
      rate.name,
      `${where}.name`,
      /^[^|/]{1,100}$/,
      'text of 1 to 100 characters without | and /',
    ),
    productClass: matching(
      rate.productClass,
      `${where}.productClass`,
      classes,
      `one of ${PRODUCT_CLASSES.join(', ')}`,
    ),
    ...(percent === undefined
      ? {}
      : {
          percent: matching(
            percent,
            `${where}.percent`,
            /^\d{1,3}(\.\d{1,6})?$/,
            'decimal text such as "6.25"',
          ),
        }),
    ...(perLineMinor === undefined
      ? {}
      : {
          perLineMinor: matching(
            perLineMinor,
            `${where}.perLineMinor`,
            /^\d{1,9}$/,
            'minor units as text such as "100"',
          ),
        }),
    onTopOf: onTopOf.map((name: unknown, index) => text(name, `${where}.onTopOf[${index}]`, 100)),
    category: matching(rate.category ?? 'S', `${where}.category`, /^[SZEO]$/, 'S, Z, E or O'),
    from: isoDay(rate.from, `${where}.from`),
  };
}

const classes = new RegExp(`^(${PRODUCT_CLASSES.join('|')})$`);

function record(given: unknown, where: string): Record<string, unknown> {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new MalformedQuote(where, 'is not an object');
  return Object.fromEntries(Object.entries(given));
}

function text(given: unknown, where: string, longest: number): string {
  if (typeof given !== 'string' || given.length < 1 || given.length > longest)
    throw new MalformedQuote(where, `is not text of 1 to ${longest} characters`);
  return given;
}

function matching(given: unknown, where: string, pattern: RegExp, right: string): string {
  if (typeof given !== 'string' || !pattern.test(given)) throw new MalformedQuote(where, `is not ${right}`);
  return given;
}

function isoDay(given: unknown, where: string): string {
  const day = text(given, where, 10);
  if (parseDay(day) === undefined) throw new MalformedQuote(where, 'is not a date such as "2026-01-01"');
  return day;
}

/** The components of a quote, as the tax rules read them. */
export function quotedComponents({ jurisdiction, rates }: Quote): TaxComponent[] {
  const idOf = (name: string) => `${jurisdiction}/${name}`;
  return rates.map((rate) => ({
    id: idOf(rate.name),
    jurisdiction,
    productClass: rate.productClass,
    from: parseDay(rate.from) ?? 0,
    name: rate.name,
    charge:
      rate.percent === undefined ? { perUnit: BigInt(rate.perLineMinor ?? '0') } : { percent: rate.percent },
    ...(rate.onTopOf.length === 0 ? {} : { onTopOf: rate.onTopOf.map(idOf) }),
    category: rate.category,
  }));
}
