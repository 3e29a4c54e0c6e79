import { type CurrencyCode, currencyCode, minorDigits } from './currency.ts';
import { formatUnits, parseDecimal } from './decimal.ts';
import { MoneyError } from './errors.ts';
import { divRound, divRoundHalfEven } from './rounding.ts';

/** An amount in minor units (cents, yen, fils) of one ISO 4217 currency. */
export interface Money {
  readonly minor: bigint;
  readonly currency: CurrencyCode;
}

/** `money(1250n, 'EUR')` is 12.50 EUR. Throws `MoneyError` UNKNOWN_CURRENCY. */
export function money(minor: bigint, currency: string): Money {
  return { minor, currency: requireCurrency(currency) };
}

/** The branded code. Throws `MoneyError` UNKNOWN_CURRENCY. */
export function requireCurrency(code: string): CurrencyCode {
  const known = currencyCode(code);
  if (!known) {
    throw new MoneyError('UNKNOWN_CURRENCY', `"${code}" is not an ISO 4217 code; write one like EUR`);
  }
  return known;
}

function requireSame(a: Money, b: Money): void {
  if (a.currency !== b.currency) {
    throw new MoneyError('CURRENCY_MISMATCH', `${a.currency} and ${b.currency} cannot be combined`);
  }
}

/** Sum of two amounts of one currency. Throws `MoneyError` CURRENCY_MISMATCH. */
export function addMoney(a: Money, b: Money): Money {
  requireSame(a, b);
  return { minor: a.minor + b.minor, currency: a.currency };
}

/** `a - b` of one currency. Throws `MoneyError` CURRENCY_MISMATCH. */
export function subtractMoney(a: Money, b: Money): Money {
  requireSame(a, b);
  return { minor: a.minor - b.minor, currency: a.currency };
}

export function negateMoney(a: Money): Money {
  return { minor: -a.minor, currency: a.currency };
}

/** Negative, zero or positive as `a` is less than, equal to or more than `b`. Throws CURRENCY_MISMATCH. */
export function compareMoney(a: Money, b: Money): -1 | 0 | 1 {
  requireSame(a, b);
  return a.minor < b.minor ? -1 : a.minor > b.minor ? 1 : 0;
}

/** Sum of a list in `currency`; the empty list is 0. Throws CURRENCY_MISMATCH. */
export function sumMoney(amounts: readonly Money[], currency: CurrencyCode): Money {
  return amounts.reduce(addMoney, { minor: 0n, currency });
}

/** Decimal text in major units, all minor digits shown: `12.50`, `1000` (JPY), `-4.516` (KWD). No symbol. */
export function formatMoney(amount: Money): string {
  return formatUnits(amount.minor, minorDigits(amount.currency) ?? 2);
}

/**
 * Reads decimal text in major units (`12.5` EUR is 1250n). Throws `MoneyError` UNKNOWN_CURRENCY,
 * MALFORMED_DECIMAL, or TOO_MANY_DECIMALS: input is never rounded silently.
 */
export function parseMoney(text: string, currency: string): Money {
  const code = requireCurrency(currency);
  const digits = minorDigits(code) ?? 2;
  const value = parseDecimal(text);
  const scaled = value.num * 10n ** BigInt(digits);
  if (scaled % value.den !== 0n) {
    throw new MoneyError('TOO_MANY_DECIMALS', `"${text}" has more than the ${digits} decimals of ${code}`);
  }
  return { minor: scaled / value.den, currency: code };
}

/**
 * Converts with `rate` = units of `to` for one unit of the amount's currency, as decimal text.
 * Half to even, the one place where it is used. Throws for an unknown currency or a malformed rate.
 */
export function convertMoney(amount: Money, to: string, rate: string): Money {
  const currency = requireCurrency(to);
  const exact = parseDecimal(rate);
  const from = 10n ** BigInt(minorDigits(amount.currency) ?? 2);
  const into = 10n ** BigInt(minorDigits(currency) ?? 2);
  return { minor: divRoundHalfEven(amount.minor * exact.num * into, exact.den * from), currency };
}

/** `round(unit price × quantity)` in minor units; both as decimal text, the price in major units. */
export function extendPrice(unitPrice: string, quantity: string, currency: string): Money {
  const code = requireCurrency(currency);
  const [price, count] = [parseDecimal(unitPrice), parseDecimal(quantity)];
  const scale = 10n ** BigInt(minorDigits(code) ?? 2);
  return { minor: divRound(price.num * count.num * scale, price.den * count.den), currency: code };
}
