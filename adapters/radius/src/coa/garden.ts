import type { Attribute } from '../attribute/encode.ts';
import type { VendorProfileId } from './profiles.ts';

/** What a walled garden is told beside the vendor's own; null: nothing. */
export interface GardenExtras {
  /** A second address list, beside the one that the profile names. Vendors without lists leave it out. */
  readonly addressList: string | null;
  /** RFC 2865 §5.11. */
  readonly filterId: string | null;
  /** RFC 2869 §5.18. */
  readonly pool: string | null;
  /** Where the web is sent. Vendors that are told by configuration leave it out. */
  readonly redirectUrl: string | null;
}

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
