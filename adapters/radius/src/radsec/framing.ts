import { headerLength, maximumPacketLength } from '../packet/codes.ts';
import { sharedSecret } from '../packet/shared-secret.ts';

/** The secret that RFC 6614 §2.3 fixes: TLS is what protects. */
export const radSecSecret = sharedSecret('radsec');

/**
 * Cuts a stream into RADIUS packets by their Length (RFC 6613 §2.6.4), however TCP and TLS have split or joined them.
 * The returned function gives the whole packets so far, or null when a Length cannot be one: the stream is lost then.
 */
export function packetFramer(): (chunk: Buffer) => Buffer[] | null {
  let held: Buffer = Buffer.alloc(0);
  return (chunk) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const packets: Buffer[] = [];
    while (held.length >= 4) {
      const length = held.readUInt16BE(2);
      if (length < headerLength || length > maximumPacketLength) return null;
      if (held.length < length) break;
      // A copy: packets outlive the stream's chunk.
      packets.push(Buffer.from(held.subarray(0, length)));
      held = held.subarray(length);
    }
    return packets;
  };
}
