import { expect, it } from 'vitest';
import { dayOf } from '../calendar/rules.ts';
import type { AccountSnapshot } from '../run/rules.ts';
import type { TaxComponent } from '../tax/rules-types.ts';
import { previewOf } from './rules.ts';

const vat: TaxComponent = {
  id: 'XX/VAT',
  jurisdiction: 'XX',
  productClass: 'internetAccess',
  from: dayOf(2020, 1, 1),
  name: 'VAT',
  charge: { percent: '20' },
  category: 'S',
};

it('what is due later of a period whose price includes its tax is previewed as it will be charged', () => {
  const version = {
    id: 'plv_1',
    planName: 'Fibre',
    priceMinor: 3_100n,
    currency: 'EUR',
    interval: { unit: 'month' as const, count: 1 },
    timing: 'inAdvance' as const,
    productClass: 'internetAccess',
    taxInclusive: true,
  };
  const start = dayOf(2026, 12, 1);
  const account: AccountSnapshot = {
    customerId: 'cus_1',
    name: 'Ada',
    email: null,
    currency: 'EUR',
    anchorDay: 1,
    paymentTermDays: 14,
    taxJurisdictions: ['XX'],
    exemptions: [],
    usage: null,
    fees: [],
    lines: [
      {
        id: 'svc_1',
        settledBefore: null,
        // Ten days of rest: 21 of 31 days are charged, the later ones when they begin.
        events: [
          { type: 'start', on: start, version },
          { type: 'hold', on: start + 5, version: null, percent: '0' },
          { type: 'resume', on: start + 15, version: null },
        ],
        billed: [],
        discounts: [],
      },
    ],
  };
  const found = previewOf(account, start, new Map([['XX', [vat]]]));
  if (!found.ok) throw new Error(found.message);
  const { now, nextOn, next } = found.preview;
  expect([now?.gross, nextOn, next?.gross]).toEqual([500n, start + 15, 1_600n]);
});
