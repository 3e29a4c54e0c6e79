import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocate } from './allocate.ts';
import { currencyCode, currencyCodes, minorDigits } from './currency.ts';
import { formatUnits, parseDecimal, percentOf } from './decimal.ts';
import { addMoney, convertMoney, extendPrice, formatMoney, money, parseMoney, sumMoney } from './money.ts';
import { divRound, divRoundHalfEven, mulDivRound } from './rounding.ts';

const amounts = fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n });
const positive = fc.bigInt({ min: 1n, max: 10n ** 9n });

describe('rounding', () => {
  it('is half away from zero and symmetric', () => {
    expect([divRound(5n, 2n), divRound(-5n, 2n), divRound(5n, -2n), divRound(-7n, 4n)]).toEqual([
      3n,
      -3n,
      -3n,
      -2n,
    ]);
    fc.assert(
      fc.property(amounts, positive, (a, d) => {
        expect(divRound(-a, d)).toBe(-divRound(a, d));
        const error = 2n * (divRound(a, d) * d - a);
        expect(error <= d && error >= -d).toBe(true);
      }),
    );
  });
  it('multiplies before dividing', () => {
    expect(mulDivRound(1000n, 14n, 31n)).toBe(452n);
    expect(() => divRound(1n, 0n)).toThrow(RangeError);
  });
  it('half-even differs at the half only', () => {
    expect([5n, 15n, 25n, -5n, -15n].map((n) => divRoundHalfEven(n, 10n))).toEqual([0n, 2n, 2n, 0n, -2n]);
  });
});

describe('currency', () => {
  it('takes minor digits from ISO 4217, not from display data', () => {
    expect(['JPY', 'EUR', 'KWD', 'CLF', 'HUF', 'IQD'].map(minorDigits)).toEqual([0, 2, 3, 4, 2, 3]);
    expect(currencyCode('eur')).toBeUndefined();
    expect(currencyCodes()).toHaveLength(new Set(currencyCodes()).size);
  });
});

describe('money', () => {
  it('formats and parses without loss, in every currency', () => {
    fc.assert(
      fc.property(amounts, fc.constantFrom(...currencyCodes()), (minor, currency) => {
        const amount = money(minor, currency);
        expect(parseMoney(formatMoney(amount), currency)).toEqual(amount);
      }),
    );
  });
  it('names what is wrong', () => {
    expect(() => money(1n, 'EURO')).toThrowError(expect.objectContaining({ code: 'UNKNOWN_CURRENCY' }));
    expect(() => addMoney(money(1n, 'EUR'), money(1n, 'USD'))).toThrowError(
      expect.objectContaining({ code: 'CURRENCY_MISMATCH' }),
    );
    expect(() => parseMoney('1.005', 'EUR')).toThrowError(
      expect.objectContaining({ code: 'TOO_MANY_DECIMALS' }),
    );
    for (const text of ['', '1e3', '+1', '1,00', '.5', '1.', ' 1']) {
      expect(() => parseDecimal(text)).toThrowError(expect.objectContaining({ code: 'MALFORMED_DECIMAL' }));
    }
  });
  it('sums, extends a price and converts', () => {
    expect(sumMoney([money(1n, 'EUR'), money(2n, 'EUR')], money(0n, 'EUR').currency).minor).toBe(3n);
    expect(extendPrice('0.00150000', '1000', 'USD').minor).toBe(150n);
    expect(convertMoney(money(100n, 'USD'), 'JPY', '149.5').minor).toBe(150n);
    expect(convertMoney(money(1000n, 'JPY'), 'KWD', '0.00205').minor).toBe(2050n);
  });
  it('takes percents from decimal text', () => {
    expect(percentOf(500n, '2.9')).toBe(15n);
    expect(percentOf(-649134n, '25')).toBe(-162284n);
    expect([formatUnits(-5n, 3), formatUnits(0n, 0), formatUnits(1250n, 2)]).toEqual([
      '-0.005',
      '0',
      '12.50',
    ]);
  });
});

describe('allocate', () => {
  it('sums to the whole, stays within one unit, mirrors the sign', () => {
    const weights = fc.array(fc.bigInt({ min: 0n, max: 10n ** 6n }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(amounts, weights, (total, parts) => {
        fc.pre(parts.some((part) => part > 0n));
        const whole = parts.reduce((a, b) => a + b, 0n);
        const split = allocate(total, parts);
        expect(split.reduce((a, b) => a + b, 0n)).toBe(total);
        split.forEach((part, index) => {
          const error = part * whole - total * (parts[index] ?? 0n);
          expect(error < whole && error > -whole).toBe(true);
        });
        expect(allocate(-total, parts)).toEqual(split.map((part) => -part));
      }),
    );
  });
  it('breaks ties by order and refuses nonsense', () => {
    expect(allocate(100n, [1n, 1n, 1n])).toEqual([34n, 33n, 33n]);
    expect(allocate(0n, [0n, 0n])).toEqual([0n, 0n]);
    expect(() => allocate(1n, [0n])).toThrowError(expect.objectContaining({ code: 'INVALID_WEIGHTS' }));
    expect(() => allocate(1n, [2n, -1n])).toThrowError(expect.objectContaining({ code: 'INVALID_WEIGHTS' }));
  });
});
