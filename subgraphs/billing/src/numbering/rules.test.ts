import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, chainHash, findBrokenLink, GENESIS_HASH, type Series, takeNumbers } from './rules.ts';

const series: Series = { id: 'invoices', pattern: 'INV-{year}-{number}', digits: 6, next: 1n };

describe('numbers', () => {
  it('any chunks of issues leave one gap-free run', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 }), (chunks) => {
        let state = series;
        const all = chunks.flatMap((count) => {
          const taken = takeNumbers(state, count, '2026-01-31');
          if (!taken.ok) throw new Error(taken.error.message);
          state = taken.series;
          return taken.numbers;
        });
        expect(all).toEqual(all.map((_, index) => `INV-2026-${String(index + 1).padStart(6, '0')}`));
        expect(state.next).toBe(BigInt(all.length + 1));
      }),
    );
  });
  it('numbers rise with the day of issue', () => {
    expect(takeNumbers({ ...series, lastIssuedOn: '2026-02-01' }, 1, '2026-01-31')).toMatchObject({
      ok: false,
      error: { code: 'ISSUE_DATE_BEFORE_LAST' },
    });
    expect(takeNumbers(series, 0, '2026-01-31')).toMatchObject({
      ok: false,
      error: { code: 'COUNT_NOT_POSITIVE' },
    });
  });
});

describe('hash chain', () => {
  it('canonical JSON does not depend on the order of keys', () => {
    expect(canonicalJson({ b: [1, null, true], a: { z: 10n, y: 'é"\n' }, c: undefined })).toBe(
      '{"a":{"y":"é\\"\\n","z":"10"},"b":[1,null,true]}',
    );
    expect(canonicalJson({ a: -0 })).toBe('{"a":0}');
    expect(() => canonicalJson(0.1)).toThrow(RangeError);
    const values = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean()));
    fc.assert(
      fc.property(values, (value) => {
        const reordered = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(reordered)).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
  it('finds the first document that was touched', () => {
    let previous = GENESIS_HASH;
    const links = [1, 2, 3, 4].map((number) => {
      const snapshot = { number, gross: 1000n };
      previous = chainHash(previous, snapshot);
      return { snapshot, hash: previous };
    });
    expect(findBrokenLink(links)).toBeUndefined();
    expect(
      findBrokenLink(links.with(2, { snapshot: { number: 3, gross: 999n }, hash: links[2]?.hash ?? '' })),
    ).toBe(2);
    expect(findBrokenLink(links.toSpliced(1, 1))).toBe(1);
  });
});
