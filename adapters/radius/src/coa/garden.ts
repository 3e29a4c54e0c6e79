import type { GardenExtras } from '@dotmac/device';
import type { Attribute } from '../attribute/encode.ts';
import type { VendorProfileId } from './profiles.ts';

/** How a vendor is told where the web is sent. */
const redirects: Partial<Record<VendorProfileId, (url: string) => Attribute>> = {
  cisco: (url) => ({ name: 'Cisco-AVPair', value: `url-redirect=${url}` }),
  ericsson: (value) => ({ name: 'HTTP-Redirect-URL', value }),
  huawei: (value) => ({ name: 'Huawei-HTTP-Redirect-URL', value }),
  juniper: (value) => ({ name: 'Juniper-CWA-Redirect', value }),
  nokia: (value) => ({ name: 'Alc-Portal-Url', value }),
  wispr: (value) => ({ name: 'WISPr-Redirection-URL', value }),
  generic: (value) => ({ name: 'WISPr-Redirection-URL', value }),
  mikrotik: (value) => ({ name: 'WISPr-Redirection-URL', value }),
};

/** The attributes of an accept into the walled garden beside those of the vendor's profile. */
export function gardenAttributes(vendor: string, extras: GardenExtras): Attribute[] {
  const { addressList, filterId, pool, redirectUrl } = extras;
  const redirect = redirects[vendor as VendorProfileId];
  return [
    ...(addressList !== null && vendor === 'mikrotik'
      ? [{ name: 'Mikrotik-Address-List', value: addressList }]
      : []),
    ...(filterId === null ? [] : [{ name: 'Filter-Id', value: filterId }]),
    ...(pool === null ? [] : [{ name: 'Framed-Pool', value: pool }]),
    ...(redirectUrl === null || redirect === undefined ? [] : [redirect(redirectUrl)]),
  ];
}

/**
 * Vendors that change the filter of a live session by CoA: MikroTik by its manual, the others as RFC 5176 §3.6 has it. One that refuses
 * is told to disconnect.
 */
const liveFilters: ReadonlySet<string> = new Set(['mikrotik', 'huawei', 'h3c', 'ericsson']);
/** Vendors that take another portal on a live session. For the rest it comes with the next login, which it is not worth a drop. */
const liveRedirects: ReadonlySet<string> = new Set(['cisco', 'ericsson', 'huawei', 'juniper', 'nokia']);

/**
 * What a CoA says to a live session about the garden it enters or leaves; null when only a new login brings it: another pool,
 * and a filter where the vendor does not change it.
 * @param before what the session may have been given.
 * @param openFilter takes the place of a filter of the garden: CoA can replace one, not take it away.
 */
export function liveGardenAttributes(
  vendor: string,
  extras: GardenExtras | null,
  before: GardenExtras | null,
  openFilter: string,
): Attribute[] | null {
  if ((extras?.pool ?? null) !== (before?.pool ?? null)) return null;
  const from = before?.filterId ?? null;
  const to = extras?.filterId ?? (from === null ? null : openFilter);
  const live = liveFilters.has(vendor);
  if (from !== (extras?.filterId ?? null) && !live) return null;
  return gardenAttributes(vendor, {
    // The lists of a CoA take the place of those before: leaving one needs no word.
    addressList: extras?.addressList ?? null,
    filterId: live ? to : null,
    pool: null,
    redirectUrl: liveRedirects.has(vendor) ? (extras?.redirectUrl ?? null) : null,
  });
}
