import { parseDay } from '../calendar/rules.ts';
import type { TaxComponent } from './rules-types.ts';

/** Classes of product that the shipped sets tell apart. */
export const PRODUCT_CLASSES = ['internetAccess', 'voice', 'equipment', 'installation', 'other'] as const;

/** A set of components with the law it was read from. An example to start from: the tenant confirms it. */
export interface JurisdictionSet {
  readonly jurisdiction: string;
  readonly source: string;
  /** When its rates were last compared with something published, and with what; null: written down from the law only. */
  readonly checked: { readonly on: string; readonly against: string } | null;
  readonly rates: ReadonlyArray<{
    readonly name: string;
    readonly percent: string;
    /** ISO dates, half-open. */
    readonly from: string;
    readonly to?: string;
  }>;
}

/** First day for which the shipped data speaks; where a rate is older, it starts here. */
const DATA_FROM = '2024-01-01';

/** Overviews by third parties, not registers: whoever bills by a set still confirms it. */
const CHECKS = {
  EU: {
    on: '2026-11-28',
    against:
      'mindlink.lv/useful/vat-rates-in-eu; for the changes in EE, FI, RO and SK newcraft.dev/vat-rates-eu-countries, of December 2025',
  },
  CA: {
    on: '2026-11-28',
    against: 'invoicemama.com/guides/ca/gst-hst-rates-by-province, which names Canada.ca',
  },
  WEST: { on: '2026-11-28', against: 'www.1upcargo.com/canada-sales-tax-rates, of 2025' },
  GST: { on: '2026-11-28', against: 'trendsmask.com/how-much-is-gst-225593.html, of late 2025' },
} as const;

function checkedAgainst(jurisdiction: string): JurisdictionSet['checked'] {
  if (jurisdiction === 'GB') return null;
  if (jurisdiction === 'AU' || jurisdiction === 'NZ') return CHECKS.GST;
  // The overview names the provincial taxes of the west without their rates.
  if (['CA-BC', 'CA-SK', 'CA-MB'].includes(jurisdiction)) return CHECKS.WEST;
  return jurisdiction.startsWith('CA') ? CHECKS.CA : CHECKS.EU;
}

const set = (
  jurisdiction: string,
  source: string,
  name: string,
  ...steps: Array<[percent: string, from?: string]>
): JurisdictionSet => ({
  jurisdiction,
  source,
  checked: checkedAgainst(jurisdiction),
  rates: steps.map(([percent, from = DATA_FROM], index) => {
    const to = steps[index + 1]?.[1];
    return { name, percent, from, ...(to === undefined ? {} : { to }) };
  }),
});

const VAT_DIRECTIVE = 'Directive 2006/112/EC art. 96-97, standard rate of the member state';

/**
 * Standard rates on telecommunications. United States: internet access is exempt from state and local tax (Internet
 * Tax Freedom Act, 47 U.S.C. 151 note); everything else there comes from a rate service through a port.
 */
export const JURISDICTION_SETS: readonly JurisdictionSet[] = [
  set('AU', 'A New Tax System (Goods and Services Tax) Act 1999 s 9-70', 'GST', ['10']),
  set('NZ', 'Goods and Services Tax Act 1985 s 8', 'GST', ['15']),
  set('GB', 'Value Added Tax Act 1994 s 2', 'VAT', ['20']),
  // Participating provinces charge HST in place of GST: a place of supply names either CA or such a province.
  set('CA', 'Excise Tax Act s 165(1)', 'GST', ['5']),
  set('CA-ON', 'Excise Tax Act s 165(2), Sch. VIII', 'HST', ['13']),
  set('CA-NB', 'Excise Tax Act s 165(2), Sch. VIII', 'HST', ['15']),
  set('CA-NL', 'Excise Tax Act s 165(2), Sch. VIII', 'HST', ['15']),
  set('CA-PE', 'Excise Tax Act s 165(2), Sch. VIII', 'HST', ['15']),
  set(
    'CA-NS',
    'Excise Tax Act s 165(2), Sch. VIII; rate cut of 2025-04-01',
    'HST',
    ['15'],
    ['14', '2025-04-01'],
  ),
  set('CA-QC', 'Act respecting the Québec sales tax s 16', 'QST', ['9.975']),
  set('CA-BC', 'Provincial Sales Tax Act (British Columbia)', 'PST', ['7']),
  set('CA-SK', 'Provincial Sales Tax Act (Saskatchewan)', 'PST', ['6']),
  set('CA-MB', 'Retail Sales Tax Act (Manitoba)', 'RST', ['7']),
  ...(
    [
      ['AT', ['20']],
      ['BE', ['21']],
      ['BG', ['20']],
      ['CY', ['19']],
      ['CZ', ['21']],
      ['DE', ['19']],
      ['DK', ['25']],
      ['EE', ['22'], ['24', '2025-07-01']],
      ['ES', ['21']],
      ['FI', ['24'], ['25.5', '2024-09-01']],
      ['FR', ['20']],
      ['GR', ['24']],
      ['HR', ['25']],
      ['HU', ['27']],
      ['IE', ['23']],
      ['IT', ['22']],
      ['LT', ['21']],
      ['LU', ['17']],
      ['LV', ['21']],
      ['MT', ['18']],
      ['NL', ['21']],
      ['PL', ['23']],
      ['PT', ['23']],
      ['RO', ['19'], ['21', '2025-08-01']],
      ['SE', ['25']],
      ['SI', ['22']],
      ['SK', ['20'], ['23', '2025-01-01']],
    ] as Array<[string, ...Array<[string, string?]>]>
  ).map(([state, ...steps]) => set(state, VAT_DIRECTIVE, 'VAT', ...steps)),
];

/** The components of the shipped sets: every rate on every class of product. */
export function shippedComponents(sets: readonly JurisdictionSet[] = JURISDICTION_SETS): TaxComponent[] {
  return sets.flatMap(({ jurisdiction, rates }) =>
    rates.flatMap(({ name, percent, from, to }) =>
      PRODUCT_CLASSES.map((productClass) => ({
        id: `${jurisdiction}/${name}`,
        jurisdiction,
        productClass,
        from: requireDay(from),
        ...(to === undefined ? {} : { to: requireDay(to) }),
        name,
        charge: { percent },
        category: 'S',
      })),
    ),
  );
}

function requireDay(text: string) {
  const day = parseDay(text);
  if (day === undefined) throw new RangeError(`"${text}" is not a date; write YYYY-MM-DD`);
  return day;
}

/**
 * Components with those that were recorded here: of one component and class of product, a rate takes over from the
 * shipped and the earlier ones on its day.
 */
export function withRecorded(
  shipped: readonly TaxComponent[],
  recorded: readonly TaxComponent[],
): TaxComponent[] {
  const keyOf = ({ id, productClass }: TaxComponent) => `${id}|${productClass}`;
  const own = Map.groupBy(
    recorded.toSorted((a, b) => a.from - b.from),
    keyOf,
  );
  const kept = shipped.flatMap((one) => {
    const first = own.get(keyOf(one))?.[0]?.from;
    if (first === undefined) return [one];
    if (one.from >= first) return [];
    return [{ ...one, to: Math.min(one.to ?? first, first) }];
  });
  const steps = [...own.values()].flatMap((rates) =>
    rates.map((rate, index) => {
      const next = rates[index + 1]?.from;
      return next === undefined ? rate : { ...rate, to: next };
    }),
  );
  return [...kept, ...steps];
}
