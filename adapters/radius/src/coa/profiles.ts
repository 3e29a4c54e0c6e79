import type { Shaping } from '@dotmac/device';
import type { Attribute } from '../attribute/encode.ts';
import { canopy, ericsson, h3c, mimosa, zte } from './further-profiles.ts';
import { type ProfileValues, renderTemplates, shapingValues, type VendorProfile } from './profile.ts';
import { framedIp, names, nasIp, sessionId, userName } from './profile-parts.ts';

const avPair = (value: string) => ({ attribute: 'Cisco-AVPair', value });
const isgService = (command: string, service: string) => ({
  attributes: [avPair(`subscriber:command=${command}`), avPair(`subscriber:service-name=${service}`)],
});
const mikrotikOpen = [
  { attribute: 'Mikrotik-Rate-Limit', value: '{mikrotik.rate}' },
  // Always a list, so that leaving the garden is a change that CoA can express.
  { attribute: 'Mikrotik-Address-List', value: '{list.open}' },
];
const mikrotikGarden = [
  { attribute: 'Mikrotik-Rate-Limit', value: '{mikrotik.rate}' },
  { attribute: 'Mikrotik-Address-List', value: '{list.garden}' },
];
const mikrotik: VendorProfile = {
  id: 'mikrotik',
  version: 1,
  vendor: 'MikroTik',
  coaPort: 3799,
  sessionKeys: [
    [userName, framedIp, sessionId, nasIp],
    [userName, framedIp, nasIp],
    [userName, sessionId, nasIp],
    [userName, sessionId],
  ],
  open: { accept: mikrotikOpen, coa: [{ attributes: mikrotikOpen }] },
  walledGarden: { accept: mikrotikGarden, coa: [{ attributes: mikrotikGarden }] },
  variables: names,
};

const ciscoQos = [avPair('ip:sub-qos-policy-in={policy.in}'), avPair('ip:sub-qos-policy-out={policy.out}')];
const cisco: VendorProfile = {
  id: 'cisco',
  version: 1,
  vendor: 'Cisco',
  coaPort: 1700,
  commandPerCoa: true,
  sessionKeys: [[sessionId], [{ attribute: 'Cisco-Account-Info', value: 'S{session.address}' }]],
  open: {
    accept: ciscoQos,
    coa: [{ ...isgService('deactivate-service', '{garden.name}'), optional: true }, { attributes: ciscoQos }],
  },
  walledGarden: {
    accept: [...ciscoQos, { attribute: 'Cisco-Account-Info', value: 'A{garden.name}' }],
    coa: [isgService('activate-service', '{garden.name}')],
  },
  variables: { ...names, 'policy.in': 'dotmac-{up.kbps}k', 'policy.out': 'dotmac-{down.kbps}k' },
};

const activate = (value: string) => ({ attribute: 'ERX-Service-Activate', value, tag: 1 });
const deactivate = (value: string) => ({ attribute: 'ERX-Service-Deactivate', value });
const juniperSpeed = activate('{service.name}({up.kbps}k,{down.kbps}k)');
const juniper: VendorProfile = {
  id: 'juniper',
  version: 1,
  vendor: 'Juniper',
  coaPort: 3799,
  commandPerCoa: true,
  sessionKeys: [[sessionId]],
  open: {
    accept: [juniperSpeed],
    coa: [
      { attributes: [deactivate('{garden.name}')], optional: true },
      { attributes: [deactivate('{service.name}'), juniperSpeed] },
    ],
  },
  walledGarden: {
    accept: [activate('{garden.name}')],
    coa: [{ attributes: [deactivate('{service.name}'), activate('{garden.name}')] }],
  },
  variables: { ...names, 'service.name': 'dotmac-internet' },
};

/** Sustained and peak in both directions: lowering the sustained rate alone leaves the peak. */
const huaweiSpeed = [
  { attribute: 'Huawei-Input-Average-Rate', value: '{up.bps}', when: 'FITS_32_BIT' },
  { attribute: 'Huawei-Input-Peak-Rate', value: '{up.peak.bps}', when: 'FITS_32_BIT' },
  { attribute: 'Huawei-Output-Average-Rate', value: '{down.bps}', when: 'FITS_32_BIT' },
  { attribute: 'Huawei-Output-Peak-Rate', value: '{down.peak.bps}', when: 'FITS_32_BIT' },
  { attribute: 'Huawei-Qos-Profile-Name', value: 'dotmac-{down.mbps}m-{up.mbps}m', when: 'ABOVE_32_BIT' },
] as const;
const huaweiOpen = [...huaweiSpeed, { attribute: 'Huawei-Domain-Name', value: '{domain.open}' }];
const huaweiGarden = [...huaweiSpeed, { attribute: 'Huawei-Domain-Name', value: '{garden.name}' }];
const huawei: VendorProfile = {
  id: 'huawei',
  version: 1,
  vendor: 'Huawei',
  coaPort: 3799,
  sessionKeys: [[sessionId], [userName, framedIp]],
  open: { accept: huaweiOpen, coa: [{ attributes: huaweiOpen }] },
  walledGarden: { accept: huaweiGarden, coa: [{ attributes: huaweiGarden }] },
  variables: { ...names, 'domain.open': 'dotmac' },
};

const nokiaOverrides = [
  { attribute: 'Alc-Subscriber-QoS-Override', value: 'i:q:1:pir={up.peak.kbps},cir={up.kbps}' },
  { attribute: 'Alc-Subscriber-QoS-Override', value: 'e:q:1:pir={down.peak.kbps},cir={down.kbps}' },
];
const nokiaOpen = [{ attribute: 'Alc-SLA-Prof-Str', value: '{sla.open}' }, ...nokiaOverrides];
const nokiaGarden = [{ attribute: 'Alc-SLA-Prof-Str', value: '{garden.name}' }];
const nokia: VendorProfile = {
  id: 'nokia',
  version: 1,
  vendor: 'Nokia',
  coaPort: 3799,
  // Exactly one key set: contradictory ones are refused with 503.
  sessionKeys: [[{ attribute: 'NAS-Port-Id', value: '{session.portId}' }, framedIp], [sessionId], [userName]],
  open: { accept: nokiaOpen, coa: [{ attributes: nokiaOpen }] },
  walledGarden: { accept: nokiaGarden, coa: [{ attributes: nokiaGarden }] },
  variables: { ...names, 'sla.open': 'dotmac-open' },
};

const cambiumSpeed = [
  { attribute: 'Cambium-ePMP-Max-Burst-Uplink-Rate', value: '{up.kbps}' },
  { attribute: 'Cambium-ePMP-Max-Burst-Downlink-Rate', value: '{down.kbps}' },
];
const cambium: VendorProfile = {
  id: 'cambium',
  version: 1,
  vendor: 'Cambium',
  coaPort: 3799,
  sessionKeys: [[userName, sessionId], [userName]],
  open: { accept: cambiumSpeed, coa: [] },
  walledGarden: {
    accept: [...cambiumSpeed, { attribute: 'Cambium-Walled-Garden-State', value: '1' }],
    coa: [],
  },
  variables: names,
};

/** bit/s in 32 bits: a faster service gets the most that can be said. */
const wisprSpeed = [
  { attribute: 'WISPr-Bandwidth-Max-Up', value: '{up.bps32}' },
  { attribute: 'WISPr-Bandwidth-Max-Down', value: '{down.bps32}' },
];
const gardenPool = { attribute: 'Framed-Pool', value: '{garden.name}' };
const wispr: VendorProfile = {
  id: 'wispr',
  version: 1,
  vendor: 'Ubiquiti EdgeOS',
  coaPort: 3799,
  sessionKeys: [[userName, sessionId], [userName, framedIp], [userName]],
  open: { accept: wisprSpeed, coa: [] },
  walledGarden: { accept: [...wisprSpeed, gardenPool], coa: [] },
  variables: names,
};

const generic: VendorProfile = {
  ...wispr,
  id: 'generic',
  vendor: 'any other',
  sessionKeys: [[userName, sessionId, nasIp], [userName, framedIp, nasIp], [userName]],
};

/** The profiles DotMac carries, by id. */
export const vendorProfiles = {
  mikrotik,
  cisco,
  juniper,
  huawei,
  nokia,
  cambium,
  canopy,
  ericsson,
  h3c,
  mimosa,
  zte,
  wispr,
  generic,
};
export type VendorProfileId = keyof typeof vendorProfiles;

/** Every placeholder of a profile for a speed; the caller's values win over the profile's. */
export function profileValues(
  profile: VendorProfile,
  shaping: Shaping,
  given: ProfileValues = {},
): ProfileValues {
  const known: ProfileValues = { ...shapingValues(shaping), ...given };
  const values: Record<string, string | null> = { ...known };
  for (const [name, value] of Object.entries(profile.variables))
    values[name] ??= value.replace(/\{([\w.]+)\}/g, (whole, inner: string) => known[inner] ?? whole);
  return values;
}

/**
 * The vendor's attributes for a speed and a way of access, as an Access-Accept carries them. A CoA of the same vendor is
 * rendered from the same profile by `radiusDriver`. `given` replaces names on the NAS, such as `list.garden`.
 * Throws `ProfileError`.
 */
export function accessReplyAttributes(
  vendor: VendorProfileId | VendorProfile,
  shaping: Shaping,
  mode: 'open' | 'walledGarden',
  given: ProfileValues = {},
): Attribute[] {
  const profile = typeof vendor === 'string' ? vendorProfiles[vendor] : vendor;
  return renderTemplates(profile[mode].accept, profileValues(profile, shaping, given));
}
