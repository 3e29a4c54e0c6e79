import { minorDigits } from '@dotmac/platform/money/currency';
import { percentOf } from '@dotmac/platform/money/decimal';
import type { EnInvoice, VatCategory } from './rules-model.ts';

/** A business rule of EN 16931-1 (clause 6.4) that a document does not keep. */
export interface BrokenRule {
  readonly rule: string;
  readonly message: string;
}

const isDate = (text: string | undefined): boolean => text !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(text);
const has = (text: string | null | undefined): boolean => text != null && text.trim() !== '';
const sum = <T>(all: readonly T[], pick: (one: T) => bigint): bigint =>
  all.reduce((total, one) => total + pick(one), 0n);

/** Every rule of the standard that concerns what our documents say, in its order. */
export function brokenRules(invoice: EnInvoice): BrokenRule[] {
  const broken: BrokenRule[] = [];
  const demand = (rule: string, holds: boolean, message: string) => {
    if (!holds) broken.push({ rule, message });
  };
  const { seller, buyer, lines, breakdown, currency, allowances, charges } = invoice;
  demand('BR-01', has(invoice.specification), 'An invoice names its specification');
  demand('BR-02', has(invoice.number), 'An invoice has a number');
  demand('BR-03', isDate(invoice.issuedOn), 'An invoice has a date of issue');
  demand('BR-04', ['380', '381'].includes(invoice.typeCode), 'An invoice has a type code');
  demand('BR-05', /^[A-Z]{3}$/.test(currency), 'An invoice has a currency');
  demand('BR-06', has(seller.name), 'The seller has a name');
  demand('BR-07', has(buyer.name), 'The buyer has a name');
  demand('BR-08', has(seller.city), 'The seller has an address');
  demand('BR-09', has(seller.country), 'The address of the seller has a country');
  demand('BR-10', has(buyer.city), 'The buyer has an address');
  demand('BR-11', has(buyer.country), 'The address of the buyer has a country');
  demand('BR-16', lines.length > 0, 'An invoice has at least one line');
  for (const line of lines) {
    const at = `line ${line.id}`;
    demand('BR-21', has(line.id), 'Every line has an identifier');
    demand('BR-22', line.quantity !== 0n, `${at} has a quantity`);
    demand('BR-24', line.net === line.price * line.quantity, `${at} is its price by its quantity`);
    demand('BR-25', has(line.name), `${at} names its item`);
    demand('BR-27', line.price >= 0n, `the price of ${at} is not below zero`);
    demand('BR-30', line.to >= line.from, `the period of ${at} does not end before it starts`);
    demand('BR-CO-04', has(line.category), `${at} has a VAT category`);
    demand('BR-CO-20', isDate(line.from) || isDate(line.to), `the period of ${at} has a start or an end`);
    demand('BR-CL-18', isCategory(line.category), `the VAT category of ${at} is one of UNCL 5305`);
  }
  for (const [what, of, rules] of [
    ['allowance', allowances, ['BR-31', 'BR-32', 'BR-33', 'BR-CO-21']],
    ['charge', charges, ['BR-36', 'BR-37', 'BR-38', 'BR-CO-22']],
  ] as const)
    for (const { amount, category, reason } of of) {
      demand(rules[0], amount > 0n, `a document's ${what} has an amount`);
      demand(rules[1], isCategory(category), `a document's ${what} has a VAT category`);
      demand(rules[2], has(reason), `a document's ${what} states its reason`);
      demand(rules[3], has(reason), `a document's ${what} states its reason`);
    }
  for (const { category, percent } of breakdown) {
    demand('BR-47', has(category), 'Every part of the VAT breakdown has a category');
    demand('BR-48', category === 'O' || has(percent), 'Every part of the VAT breakdown has a rate');
    demand('BR-CL-17', isCategory(category), 'The VAT category is one of UNCL 5305');
  }
  demand('BR-CL-01', ['380', '381'].includes(invoice.typeCode), 'The type code is one of UNTDID 1001');
  demand('BR-CL-04', minorDigits(currency) !== undefined, `${currency} is a currency of ISO 4217`);
  for (const { country } of [seller, buyer])
    if (has(country))
      demand('BR-CL-14', /^[A-Z]{2}$/.test(country ?? ''), `${country} is a country of ISO 3166-1`);
  for (const [who, party] of [['seller', seller] as const, ['buyer', buyer] as const])
    if (has(party.vatId))
      demand(
        'BR-CO-09',
        /^([A-Z]{2}|EL)[0-9A-Z]/.test(party.vatId ?? ''),
        `the VAT id of the ${who} begins with its country`,
      );
  demand('BR-CO-10', invoice.lineTotal === sum(lines, (line) => line.net), 'the lines sum to their total');
  const off = sum(allowances, (one) => one.amount);
  const on = sum(charges, (one) => one.amount);
  demand(
    'BR-CO-13',
    invoice.exclusive === invoice.lineTotal - off + on,
    'the total without VAT is that of the lines, less the allowances, with the charges',
  );
  demand('BR-CO-14', invoice.tax === sum(breakdown, (one) => one.tax), 'the VAT is that of its breakdown');
  demand('BR-CO-15', invoice.inclusive === invoice.exclusive + invoice.tax, 'the total is net and VAT');
  demand(
    'BR-CO-16',
    invoice.payable === invoice.inclusive - invoice.prepaid,
    'what is to be paid is the total, less what was paid',
  );
  demand('BR-CO-18', breakdown.length > 0, 'An invoice has a VAT breakdown');
  if (invoice.typeCode === '380' && invoice.payable > 0n)
    demand('BR-CO-25', isDate(invoice.dueOn), 'An amount to be paid has a due date');
  demand('BR-CO-26', has(seller.vatId) || has(seller.registration), 'The seller can be identified');
  // Who names an account asks for a credit transfer to it (UNCL 4461: 30).
  for (const rule of ['BR-50', 'BR-61'])
    demand(rule, seller.iban == null || has(seller.iban), 'A credit transfer names the account it goes to');
  demand(
    'BR-55',
    invoice.preceding === undefined || has(invoice.preceding.number),
    'A preceding invoice has a number',
  );
  // Every amount has the decimals of the currency.
  for (const number of ['01', '05', '09', '10', '11', '12', '13', '14', '16', '17', '18', '19', '20', '23'])
    demand(
      `BR-DEC-${number}`,
      invoice.digits <= 2,
      `Amounts have at most two decimals; ${currency} has ${invoice.digits}`,
    );
  for (const category of ['S', 'Z', 'E', 'AE', 'O'] as const) byCategory(invoice, category, demand);
  return broken;
}

const isCategory = (code: string): boolean => ['S', 'Z', 'E', 'AE', 'O'].includes(code);

type Demand = (rule: string, holds: boolean, message: string) => void;

/** BR-S-*, BR-Z-*, BR-E-*, BR-AE-*, BR-O-*: the same questions with answers of each category's own. */
function byCategory(invoice: EnInvoice, category: VatCategory, demand: Demand): void {
  const lines = invoice.lines.filter((line) => line.category === category);
  const groups = invoice.breakdown.filter((one) => one.category === category);
  const allowances = invoice.allowances.filter((one) => one.category === category);
  const charges = invoice.charges.filter((one) => one.category === category);
  if (lines.length + groups.length + allowances.length + charges.length === 0) return;
  const name = (number: string) => `BR-${category}-${number}`;
  const { seller, buyer } = invoice;
  demand(name('01'), groups.length > 0, `lines of category ${category} have a breakdown`);
  if (category === 'O') {
    demand(
      name('02'),
      !has(seller.vatId) && !has(buyer.vatId),
      'outside the scope of VAT nobody has a VAT id',
    );
    demand(
      name('05'),
      lines.every((line) => line.percent === undefined),
      'outside the scope of VAT there is no rate',
    );
    for (const [of, noIds, noRate] of [
      [allowances, '03', '06'],
      [charges, '04', '07'],
    ] as const) {
      if (of.length > 0)
        demand(
          name(noIds),
          !has(seller.vatId) && !has(buyer.vatId),
          'outside the scope of VAT nobody has a VAT id',
        );
      demand(
        name(noRate),
        of.every(({ percent }) => percent === undefined),
        'outside the scope of VAT there is no rate',
      );
    }
    const alone = (all: readonly { readonly category: string }[]) => all.every((one) => one.category === 'O');
    demand(name('12'), alone(invoice.lines), 'what is outside the scope of VAT stands alone: no other lines');
    demand(
      name('13'),
      alone(invoice.allowances),
      'what is outside the scope of VAT stands alone: no other allowances',
    );
    demand(
      name('14'),
      alone(invoice.charges),
      'what is outside the scope of VAT stands alone: no other charges',
    );
    demand(name('11'), invoice.breakdown.length === 1, 'what is outside the scope of VAT stands alone');
  } else {
    demand(name('02'), has(seller.vatId), `for category ${category} the seller has a VAT id`);
    if (category === 'AE')
      demand('BR-AE-02', has(buyer.vatId), 'for a reverse charge the buyer has a VAT id');
    const fits = (percent: string | undefined) =>
      percent !== undefined && (category === 'S' ? Number(percent) > 0 : Number(percent) === 0);
    demand(
      name('05'),
      lines.every((line) => fits(line.percent)),
      `the rate fits category ${category}`,
    );
    for (const [of, needsId, rate] of [
      [allowances, '03', '06'],
      [charges, '04', '07'],
    ] as const) {
      if (of.length > 0)
        demand(
          name(needsId),
          has(seller.vatId) && (category !== 'AE' || has(buyer.vatId)),
          `for category ${category} the VAT ids are there`,
        );
      demand(
        name(rate),
        of.every(({ percent }) => fits(percent)),
        `the rate fits category ${category}`,
      );
    }
  }
  for (const group of groups) {
    const own = <T extends { readonly percent: string | undefined }>(all: readonly T[]) =>
      all.filter(({ percent }) => percent === group.percent);
    const base =
      sum(own(lines), (line) => line.net) -
      sum(own(allowances), (one) => one.amount) +
      sum(own(charges), (one) => one.amount);
    demand(name('08'), group.base === base, 'the breakdown is the sum of its lines, allowances and charges');
    const due = group.percent === undefined ? 0n : percentOf(group.base, group.percent);
    const off = due < group.tax ? group.tax - due : due - group.tax;
    // The standard's own validation (UBL, CII) lets it differ by a whole unit of the currency. Here by one of the smallest
    // for each line that was rounded by itself, as those of a credit note are, whose tax is cumulative.
    const roundings = own(lines).length + own(allowances).length + own(charges).length;
    const allowed = BigInt(Math.max(1, Math.min(roundings, 10 ** invoice.digits)));
    demand('BR-CO-17', off <= allowed, 'the VAT is the base by its rate');
    if (category === 'S') demand(name('09'), off <= allowed, 'the VAT is the base by its rate');
    else {
      demand(name('09'), group.tax === 0n, `category ${category} has no VAT`);
      if (category !== 'Z') demand(name('10'), has(group.reason), `category ${category} states its reason`);
    }
    if (category === 'S' || category === 'Z')
      demand(name('10'), !has(group.reason), `category ${category} has no reason to be exempt`);
  }
}
