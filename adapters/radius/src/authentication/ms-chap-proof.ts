import { randomSalt, saltEncryptInPlace } from '../packet/password.ts';
import type { SharedSecret } from '../packet/shared-secret.ts';
import { microsoft } from './method.ts';
import { authenticatorResponseOctets, writeAuthenticatorResponse, writeMppeKeys } from './ms-chap.ts';

/** Vendor-Specific of Microsoft around one attribute of so many octets: RFC 2865 §5.26. */
function attribute(type: number, valueOctets: number): Buffer {
  const out = Buffer.alloc(8 + valueOctets);
  out[0] = 26;
  out[1] = out.length;
  out.writeUInt32BE(microsoft.vendor, 2);
  out[6] = type;
  out[7] = 2 + valueOctets;
  return out;
}

const keyOctets = 16;
/** Salt, then length and key, padded to 32. */
const hiddenOctets = 2 + 32;
const parts = {
  /** MS-CHAP2-Success: the identifier and the authenticator response (RFC 2548 §2.3.3). */
  success: attribute(26, 1 + authenticatorResponseOctets),
  sendKey: attribute(16, hiddenOctets),
  receiveKey: attribute(17, hiddenOctets),
  /** Encryption allowed, 40 or 128 bit (RFC 2548 §2.4.4, §2.4.5). */
  policy: attribute(7, 4),
  types: attribute(8, 4),
};
parts.policy[11] = 1;
parts.types[11] = 6;
const template = Buffer.concat(Object.values(parts));
const successAt = 8;
const sendAt = parts.success.length + 8;
const receiveAt = sendAt + parts.sendKey.length;
const shared = Buffer.from(template);

/** What an accept of MS-CHAPv2 depends on. */
export interface MsChapV2Proof {
  readonly identifier: number;
  readonly passwordHash: Uint8Array;
  readonly ntResponse: Uint8Array;
  /** What ChallengeHash gave. */
  readonly challenge: Uint8Array;
  /** The request, whose authenticator hides the keys. */
  readonly packet: Uint8Array;
  readonly secret: SharedSecret;
}

/**
 * The attributes that an accept of MS-CHAPv2 owes, encoded: MS-CHAP2-Success, the MPPE keys and what they are for.
 * They hold until the next call, or for good with `own`.
 */
export function msChapV2Proof(of: MsChapV2Proof, own: boolean): Buffer {
  const out = own ? Buffer.from(template) : shared;
  out[successAt] = of.identifier;
  writeAuthenticatorResponse(of.passwordHash, of.ntResponse, of.challenge, out, successAt + 1);
  writeMppeKeys(of.passwordHash, of.ntResponse, out, sendAt + 3, receiveAt + 3);
  const salt = randomSalt();
  hide(out, sendAt, of, salt);
  // RFC 2548 §2.4.2: unique within the packet.
  hide(out, receiveAt, of, salt ^ 1);
  return out;
}

function hide(out: Uint8Array, at: number, { packet, secret }: MsChapV2Proof, salt: number): void {
  out[at + 2] = keyOctets;
  out.fill(0, at + 3 + keyOctets, at + hiddenOctets);
  saltEncryptInPlace(out, at, at + hiddenOctets, packet, 4, secret, salt);
}
