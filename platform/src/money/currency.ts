declare const brand: unique symbol;

/** An ISO 4217 alphabetic code known to this table. Obtain one with `currencyCode`. */
export type CurrencyCode = string & { readonly [brand]: 'CurrencyCode' };

/**
 * ISO 4217 list one, by minor unit digits. Not from Intl: CLDR holds display digits, and shows HUF, IDR,
 * COP and MGA with 0 (ISO 2) and IQD with 0 (ISO 3).
 */
const BY_DIGITS: Readonly<Record<number, string>> = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
  2:
    'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF ' +
    'CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ ' +
    'GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD ' +
    'MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON ' +
    'RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS ' +
    'UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG',
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
};

const DIGITS: ReadonlyMap<string, number> = new Map(
  Object.entries(BY_DIGITS).flatMap(([digits, codes]) =>
    codes.split(' ').map((code): [string, number] => [code, Number(digits)]),
  ),
);

/** Minor unit digits of an ISO 4217 code (`JPY` 0, `EUR` 2, `KWD` 3, `CLF` 4), or undefined when unknown. */
export function minorDigits(code: string): number | undefined {
  return DIGITS.get(code);
}

/** The code when ISO 4217 list one knows it, else undefined. Case matters: codes are upper case. */
export function currencyCode(code: string): CurrencyCode | undefined {
  return DIGITS.has(code) ? (code as CurrencyCode) : undefined;
}

/** Every code of the table, sorted. */
export function currencyCodes(): CurrencyCode[] {
  return [...DIGITS.keys()].sort() as CurrencyCode[];
}
