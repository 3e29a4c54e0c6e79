import type { VendorProfile } from './profile.ts';
import { framedIp, names, sessionId, userName } from './profile-parts.ts';

/** PMP 450 (Canopy): sustained rates in kbit/s; the walled garden is a VLAN of its own. */
const canopySpeed = [
  { attribute: 'Motorola-Canopy-ULBR', value: '{up.kbps}' },
  { attribute: 'Motorola-Canopy-ULBL', value: '{up.peak.kbps}' },
  { attribute: 'Motorola-Canopy-DLBR', value: '{down.kbps}' },
  { attribute: 'Motorola-Canopy-DLBL', value: '{down.peak.kbps}' },
];
export const canopy: VendorProfile = {
  id: 'canopy',
  version: 1,
  vendor: 'Cambium PMP 450',
  coaPort: 3799,
  sessionKeys: [[userName, sessionId], [userName]],
  open: { accept: canopySpeed, coa: [] },
  walledGarden: {
    accept: [...canopySpeed, { attribute: 'Motorola-Canopy-VLIGVID', value: '{garden.vlan}' }],
    coa: [],
  },
  variables: { ...names, 'garden.vlan': '999' },
};

/** SmartEdge (Redback): policing is the subscriber's upload, metering his download; policies by name, as on Cisco. */
const ericssonWith = (policy: string) => [
  { attribute: 'Qos-Policing-Profile-Name', value: '{policy.in}' },
  { attribute: 'Qos-Metering-Profile-Name', value: '{policy.out}' },
  // Always one, so that leaving the garden is a change that CoA can express.
  { attribute: 'Forward-Policy', value: `in:{${policy}}` },
];
export const ericsson: VendorProfile = {
  id: 'ericsson',
  version: 1,
  vendor: 'Ericsson SmartEdge',
  coaPort: 3799,
  sessionKeys: [[sessionId], [userName]],
  open: { accept: ericssonWith('forward.open'), coa: [{ attributes: ericssonWith('forward.open') }] },
  walledGarden: { accept: ericssonWith('garden.name'), coa: [{ attributes: ericssonWith('garden.name') }] },
  variables: {
    ...names,
    'policy.in': 'dotmac-{up.kbps}k',
    'policy.out': 'dotmac-{down.kbps}k',
    'forward.open': 'dotmac-open',
  },
};

/** bit/s in 32 bits, average and peak both ways; input is the subscriber's upload. */
const h3cWith = (group: string) => [
  { attribute: 'H3C-Input-Average-Rate', value: '{up.bps32}' },
  { attribute: 'H3C-Input-Peak-Rate', value: '{up.peak.bps32}' },
  { attribute: 'H3C-Output-Average-Rate', value: '{down.bps32}' },
  { attribute: 'H3C-Output-Peak-Rate', value: '{down.peak.bps32}' },
  { attribute: 'H3C-User-Group', value: `{${group}}` },
];
export const h3c: VendorProfile = {
  id: 'h3c',
  version: 1,
  vendor: 'H3C',
  coaPort: 3799,
  sessionKeys: [[sessionId], [userName, framedIp]],
  open: { accept: h3cWith('group.open'), coa: [{ attributes: h3cWith('group.open') }] },
  walledGarden: { accept: h3cWith('garden.name'), coa: [{ attributes: h3cWith('garden.name') }] },
  variables: { ...names, 'group.open': 'dotmac' },
};

/** Text in kbit/s, down then up; what the devices make of it was seen on none. The walled garden is a VLAN. */
const mimosaSpeed = [
  { attribute: 'Mimosa-TrafficShapingPeak-Parameter', value: '{down.peak.kbps}/{up.peak.kbps}' },
  { attribute: 'Mimosa-TrafficShapingCommitted-Parameter', value: '{down.kbps}/{up.kbps}' },
];
const vlan = [
  { attribute: 'Tunnel-Type', value: 'VLAN', tag: 1 },
  { attribute: 'Tunnel-Medium-Type', value: 'IEEE-802', tag: 1 },
  { attribute: 'Tunnel-Private-Group-Id', value: '{garden.vlan}', tag: 1 },
];
export const mimosa: VendorProfile = {
  id: 'mimosa',
  version: 1,
  vendor: 'Mimosa',
  coaPort: 3799,
  sessionKeys: [[userName, sessionId], [userName]],
  open: { accept: mimosaSpeed, coa: [] },
  walledGarden: { accept: [...mimosaSpeed, ...vlan], coa: [] },
  variables: { ...names, 'garden.vlan': '999' },
};

/** bit/s in 32 bits; the walled garden is a context, which only a new login enters or leaves. */
const zteWith = (context: string) => [
  { attribute: 'ZTE-Rate-Ctrl-SCR-Up', value: '{up.bps32}' },
  { attribute: 'ZTE-Rate-Ctrl-SCR-Down', value: '{down.bps32}' },
  { attribute: 'ZTE-Context-Name', value: `{${context}}` },
];
export const zte: VendorProfile = {
  id: 'zte',
  version: 1,
  vendor: 'ZTE',
  coaPort: 3799,
  sessionKeys: [[sessionId], [userName, framedIp]],
  open: { accept: zteWith('context.open'), coa: [] },
  walledGarden: { accept: zteWith('garden.name'), coa: [] },
  variables: { ...names, 'context.open': 'dotmac' },
};
