import { attributeTypes } from '../packet/codes.ts';
import { type PacketScan, vendorAttributeAt } from '../packet/scan.ts';
import type { PresentedCredential } from './presented.ts';

/** Microsoft's attributes for MS-CHAP, RFC 2548. */
export const microsoft = { vendor: 311, response: 1, challenge: 11, response2: 25 } as const;

export type AuthenticationMethod =
  | PresentedCredential['method']
  | 'EAP'
  | 'MSCHAPV2'
  | 'MSCHAP'
  | 'CHAP'
  | 'PAP'
  | 'NONE';

/** How the user proves who he is. The stronger one wins when a NAS sends several. */
export function methodOf(packet: Uint8Array, scan: PacketScan): AuthenticationMethod {
  const has = (type: number) => scan.firstOffsets[type] !== 0;
  if (has(attributeTypes.eapMessage)) return 'EAP';
  if (has(attributeTypes.vendorSpecific)) {
    if (vendorAttributeAt(packet, scan, microsoft.vendor, microsoft.response2) !== 0) return 'MSCHAPV2';
    if (vendorAttributeAt(packet, scan, microsoft.vendor, microsoft.response) !== 0) return 'MSCHAP';
  }
  if (has(attributeTypes.chapPassword)) return 'CHAP';
  return has(attributeTypes.userPassword) ? 'PAP' : 'NONE';
}
