import pg from 'pg';

/**
 * How values come out of PostgreSQL, by type OID. The driver's own choices lose information: int8 as text,
 * `date` as local midnight, int8[] as text. Timestamps stay `Date`, NUMERIC stays text.
 */
const parsers: Readonly<Record<number, (text: string) => unknown>> = {
  20: BigInt, // int8
  1016: (text) => arrayOf(text).map(BigInt), // int8[]
  1082: (text) => text, // date
  1182: arrayOf, // date[]
  1186: (text) => text, // interval
};

function arrayOf(text: string): string[] {
  const inner = text.slice(1, -1);
  return inner === '' ? [] : inner.split(',').map((item) => item.replace(/^"|"$/g, ''));
}

/** For the `types` option of `pg`. Everything not listed here is left to the driver. */
export const types: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    const parser = parsers[oid];
    // The driver's signature is wider than what it calls.
    return parser !== undefined && format !== 'binary'
      ? parser
      : pg.types.getTypeParser(oid, format as 'text');
  },
};
