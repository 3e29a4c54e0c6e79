import { attributeTypes } from '../packet/codes.ts';

const block = Buffer.from([attributeTypes.sessionTimeout, 6, 0, 0, 0, 0]);

/**
 * A Session-Timeout in seconds (RFC 2865 §5.27) for the `blocks` of an accept; between 1 and 2^31 - 1, since NASes read 0
 * and more as no limit. It holds until the next call.
 */
export function sessionTimeoutBlock(seconds: number): Uint8Array {
  block.writeUInt32BE(Math.min(0x7fff_ffff, Math.max(1, Math.ceil(seconds))), 2);
  return block;
}
