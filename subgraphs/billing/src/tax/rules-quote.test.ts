import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MalformedQuote, quotedComponents, readQuotes } from './rules-quote.ts';

const rate = { name: 'Sales tax', productClass: 'voice', percent: '6.25', from: '2026-01-01' };
const answer = (...rates: object[]) => ({ source: 'Rates Inc.', places: { 'US-TX-75201': rates } });
const read = (given: unknown) => readQuotes(given, ['US-TX-75201', 'US-OR-97201']);

test('rates, fees by the line and tax on tax become components', () => {
  const fusf = { name: 'FUSF', productClass: 'voice', percent: '20.5', from: '2026-01-01' };
  const e911 = { name: 'E911', productClass: 'voice', perLineMinor: '50', from: '2026-01-01', category: 'O' };
  const [quote] = read(answer(fusf, e911, { ...rate, onTopOf: ['FUSF'] }));
  expect(quote?.source).toBe('Rates Inc.');
  expect(quote === undefined ? [] : quotedComponents(quote)).toMatchObject([
    { id: 'US-TX-75201/FUSF', charge: { percent: '20.5' }, category: 'S' },
    { id: 'US-TX-75201/E911', charge: { perUnit: 50n }, category: 'O' },
    { id: 'US-TX-75201/Sales tax', onTopOf: ['US-TX-75201/FUSF'] },
  ]);
});

test('a place that is missing or has no rates is not known, and what was not asked for is left out', () => {
  expect(read({ source: 's', places: { 'US-OR-97201': [], 'US-XX': [rate] } })).toEqual([]);
});

test.each([
  [null, 'it is not an object'],
  [{ places: {} }, 'source is not text'],
  [{ source: 's', places: [] }, 'places is not an object'],
  [{ source: 's', places: { 'US-TX-75201': {} } }, 'places.US-TX-75201 is not a list'],
  [answer({ ...rate, percent: 6.25 }), 'places.US-TX-75201[0].percent is not decimal text'],
  [answer({ ...rate, percent: '-1' }), 'percent is not decimal text'],
  [answer({ ...rate, perLineMinor: '5' }), 'exactly one of percent and perLineMinor'],
  [answer({ ...rate, productClass: 'tea' }), 'productClass is not one of internetAccess'],
  [answer({ ...rate, from: '2026-02-30' }), 'from is not a date'],
  [answer({ ...rate, onTopOf: ['FUSF'] }), 'names "FUSF", which is not before it'],
  [answer(rate, rate), 'is "Sales tax" a second time'],
  [answer({ ...rate, name: 'a/b' }), 'name is not text'],
])('%j is refused: %s', (given, message) => {
  expect(() => read(given)).toThrow(MalformedQuote);
  expect(() => read(given)).toThrow(message);
});

test('whatever comes is read or refused by name', () => {
  const shape = fc.oneof(
    fc.jsonValue(),
    fc.record({ source: fc.jsonValue(), places: fc.jsonValue() }),
    fc.record({
      source: fc.string(),
      places: fc.record({
        'US-TX-75201': fc.array(
          fc.record(
            {
              name: fc.jsonValue(),
              percent: fc.jsonValue(),
              from: fc.jsonValue(),
              productClass: fc.constantFrom('voice', 'x'),
              onTopOf: fc.jsonValue(),
            },
            { requiredKeys: [] },
          ),
        ),
      }),
    }),
  );
  fc.assert(
    fc.property(shape, (given) => {
      try {
        for (const quote of read(given)) quotedComponents(quote);
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedQuote);
      }
    }),
  );
});
