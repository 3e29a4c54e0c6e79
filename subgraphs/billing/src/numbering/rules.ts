import { hash } from 'node:crypto';

/** A gap-free series of document numbers: per legal entity, document type and, when the pattern says so, year. */
export interface Series {
  readonly id: string;
  /** `{year}` and `{number}` are filled in: `INV-{year}-{number}`. */
  readonly pattern: string;
  /** Digits of `{number}`, padded with 0. */
  readonly digits: number;
  readonly next: bigint;
  /** The day of the last number (ISO date text), which later numbers may not precede. */
  readonly lastIssuedOn?: string;
}

export type NumberingResult =
  | { readonly ok: true; readonly numbers: string[]; readonly series: Series }
  | {
      readonly ok: false;
      readonly error: {
        readonly code: 'ISSUE_DATE_BEFORE_LAST' | 'COUNT_NOT_POSITIVE';
        readonly message: string;
      };
    };

/** Takes the next `count` numbers for documents issued on one day (`YYYY-MM-DD`), and the series after them. */
export function takeNumbers(series: Series, count: number, issuedOn: string): NumberingResult {
  if (!Number.isSafeInteger(count) || count < 1) {
    return {
      ok: false,
      error: { code: 'COUNT_NOT_POSITIVE', message: `count must be a whole number from 1, not ${count}` },
    };
  }
  if (series.lastIssuedOn !== undefined && issuedOn < series.lastIssuedOn) {
    const message = `series ${series.id} has a number of ${series.lastIssuedOn}: ${issuedOn} is too early`;
    return { ok: false, error: { code: 'ISSUE_DATE_BEFORE_LAST', message } };
  }
  const numbers = Array.from({ length: count }, (_, index) =>
    formatNumber(series, series.next + BigInt(index), issuedOn),
  );
  return {
    ok: true,
    numbers,
    series: { ...series, next: series.next + BigInt(count), lastIssuedOn: issuedOn },
  };
}

/** A document number by the pattern of its series. */
function formatNumber(series: Pick<Series, 'pattern' | 'digits'>, number: bigint, issuedOn: string): string {
  return series.pattern
    .replace('{year}', issuedOn.slice(0, 4))
    .replace('{number}', number.toString().padStart(series.digits, '0'));
}

/** What canonical JSON can hold. bigint is written as a string, as in the graph. */
export type Canonical =
  | null
  | boolean
  | number
  | string
  | bigint
  | readonly Canonical[]
  | { readonly [key: string]: Canonical | undefined };

/**
 * Canonical JSON (RFC 8785, JCS): keys in UTF-16 order, no white space. Numbers must be safe integers; amounts are
 * bigint and become strings. Undefined properties are left out. Throws `RangeError` for any other number.
 */
export function canonicalJson(value: Canonical): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `"${value}"`;
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value))
      throw new RangeError(`${value} is not a safe integer: write it as text`);
    return Object.is(value, -0) ? '0' : `${value}`;
  }
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = Object.keys(value)
    .sort()
    .flatMap((key) => {
      const member = value[key];
      return member === undefined ? [] : [`${JSON.stringify(key)}:${canonicalJson(member)}`];
    });
  return `{${members.join(',')}}`;
}

const isList = (value: object): value is readonly Canonical[] => Array.isArray(value);

/** The hash before the first document of a series. */
export const GENESIS_HASH = '0'.repeat(64);

/** SHA-256 (hex) of the previous hash, a line feed and the canonical snapshot of a document. */
export function chainHash(previousHash: string, snapshot: Canonical): string {
  return chainHashOfText(previousHash, canonicalJson(snapshot));
}

/** The same over a snapshot that is canonical JSON already. */
export function chainHashOfText(previousHash: string, canonical: string): string {
  return hash('sha256', `${previousHash}\n${canonical}`, 'hex');
}

/** Index of the first link that does not follow from the one before it, or undefined when the chain holds. */
export function findBrokenLink(
  links: ReadonlyArray<{ readonly snapshot: Canonical; readonly hash: string }>,
  genesis = GENESIS_HASH,
): number | undefined {
  let previous = genesis;
  for (const [index, link] of links.entries()) {
    if (chainHash(previous, link.snapshot) !== link.hash) return index;
    previous = link.hash;
  }
  return undefined;
}
