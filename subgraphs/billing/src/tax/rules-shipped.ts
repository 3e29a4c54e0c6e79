/** A set of rates with the law that it was read from. An example to start from: the tenant confirms it. */
export interface JurisdictionSet {
  readonly jurisdiction: string;
  readonly source: string;
  readonly checked: RateCheck;
  readonly rates: ReadonlyArray<{
    readonly name: string;
    readonly percent: string;
    /** ISO dates, half-open. */
    readonly from: string;
    readonly to?: string;
  }>;
}

/** When the rates of a set were last compared with something published, and with what. */
interface RateCheck {
  readonly on: string;
  readonly against: string;
  /** The law itself, or the page of the authority that raises the tax; else what others say of it. */
  readonly isOfficial: boolean;
}

/** First day for which the shipped data speaks; where a rate is older, it starts here. */
export const DATA_FROM = '2024-01-01';

const on = '2026-11-29';
const official = (against: string): RateCheck => ({ on, against, isOfficial: true });
const reported = (against: string): RateCheck => ({ on, against, isOfficial: false });

const CANADA = reported(
  'a summary of canada.ca, GST/HST: which rate to charge (dir.md), and invoicemama.com',
);
const STATES = reported(
  'thevatapi.com/blog/eu-vat-rates-by-country-2026, mindlink.lv/useful/vat-rates-in-eu',
);

type Step = readonly [percent: string, from?: string];

function set(
  jurisdiction: string,
  name: string,
  source: string,
  checked: RateCheck,
  ...steps: readonly Step[]
): JurisdictionSet {
  const rates = steps.map(([percent, from = DATA_FROM], index) => {
    const to = steps[index + 1]?.[1];
    return { name, percent, from, ...(to === undefined ? {} : { to }) };
  });
  return { jurisdiction, source, checked, rates };
}

const HST = 'Excise Tax Act s 165(2), Sch. VIII';
const VAT_DIRECTIVE = 'Directive 2006/112/EC art. 96-97, standard rate of the member state';
const state = (code: string, checked: RateCheck, ...steps: readonly Step[]) =>
  set(code, 'VAT', VAT_DIRECTIVE, checked, ...steps);

/**
 * Standard rates on telecommunications. United States: internet access is exempt from state and local tax (Internet
 * Tax Freedom Act, 47 U.S.C. 151 note); everything else there comes from a rate service through a port.
 */
export const JURISDICTION_SETS: readonly JurisdictionSet[] = [
  set(
    'AU',
    'GST',
    'A New Tax System (Goods and Services Tax Imposition—General) Act 1999 s 4',
    official('ato.gov.au/law/view/fulldocument?filename=PAC19990075'),
    ['10'],
  ),
  set(
    'NZ',
    'GST',
    'Goods and Services Tax Act 1985 s 8(1)',
    official('legislation.govt.nz/act/public/1985/0141/latest/DLM82299.html'),
    ['15'],
  ),
  set(
    'GB',
    'VAT',
    'Value Added Tax Act 1994 s 2(1)',
    official('legislation.gov.uk/ukpga/1994/23/section/2'),
    ['20'],
  ),
  // Participating provinces charge HST in place of GST: a place of supply names either CA or such a province.
  set('CA', 'GST', 'Excise Tax Act s 165(1)', official('laws-lois.justice.gc.ca/eng/acts/E-15/section-165'), [
    '5',
  ]),
  set('CA-ON', 'HST', HST, CANADA, ['13']),
  set('CA-NB', 'HST', HST, CANADA, ['15']),
  set('CA-NL', 'HST', HST, CANADA, ['15']),
  set('CA-PE', 'HST', HST, CANADA, ['15']),
  set('CA-NS', 'HST', `${HST}; rate cut of 2025-04-01`, CANADA, ['15'], ['14', '2025-04-01']),
  set(
    'CA-QC',
    'QST',
    'Act respecting the Québec sales tax s 16',
    official('revenuquebec.ca, basic rules for applying the GST/HST and QST'),
    ['9.975'],
  ),
  set(
    'CA-BC',
    'PST',
    'Provincial Sales Tax Act (British Columbia)',
    official('www2.gov.bc.ca/gov/content/taxes/sales-taxes/pst/publications/telecommunication-services'),
    ['7'],
  ),
  set(
    'CA-SK',
    'PST',
    'Provincial Sales Tax Act (Saskatchewan)',
    official('saskatchewan.ca, provincial taxes, policies and bulletins: provincial sales tax'),
    ['6'],
  ),
  set(
    'CA-MB',
    'RST',
    'Retail Sales Tax Act (Manitoba)',
    reported('a copy of Bulletin No. 030 of Manitoba, revised December 2021 (info.5y1.org)'),
    ['7'],
  ),
  state('AT', STATES, ['20']),
  state('BE', STATES, ['21']),
  state('BG', STATES, ['20']),
  state('CY', STATES, ['19']),
  state('CZ', STATES, ['21']),
  state('DE', STATES, ['19']),
  state('DK', STATES, ['25']),
  // Lists of member states lag behind EE and RO: these are by what was written about the change.
  state(
    'EE',
    reported('tuokko.ee, the general VAT rate will increase from 22 % to 24 %; marosavat.com/vat/estonia'),
    ['22'],
    ['24', '2025-07-01'],
  ),
  state('ES', STATES, ['21']),
  state('FI', official('vero.fi, new VAT rate from 1 September 2024'), ['24'], ['25.5', '2024-09-01']),
  state('FR', STATES, ['20']),
  state('GR', STATES, ['24']),
  state('HR', STATES, ['25']),
  state('HU', STATES, ['27']),
  state('IE', STATES, ['23']),
  state('IT', STATES, ['22']),
  state('LT', STATES, ['21']),
  state('LU', STATES, ['17']),
  state('LV', STATES, ['21']),
  state('MT', STATES, ['18']),
  state('NL', STATES, ['21']),
  state('PL', STATES, ['23']),
  state('PT', STATES, ['23']),
  state(
    'RO',
    reported('bdo.ro, Tax Flash 121, and regfollower.com, on Law 141/2025'),
    ['19'],
    ['21', '2025-08-01'],
  ),
  state('SE', STATES, ['25']),
  state('SI', STATES, ['22']),
  state('SK', reported('taxnews.ey.com/news/2024-1947, on Act 278/2024'), ['20'], ['23', '2025-01-01']),
];
