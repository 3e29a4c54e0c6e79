import { crc32 } from 'node:zlib';

/** A spooled record: what is needed to read the packet again as if it had just come. */
export interface SpooledRecord {
  readonly nasId: string;
  readonly sourceAddress: string;
  /** Milliseconds since the epoch. */
  readonly receivedAt: number;
  readonly packet: Uint8Array;
}

const headOctets = 8;

/** Writes records as frames: length and CRC-32 of the content, 4 octets each, then the content. */
export function writeFrames(records: readonly SpooledRecord[]): Buffer {
  return Buffer.concat(
    records.flatMap(({ packet, ...facts }) => {
      const content = Buffer.from(
        JSON.stringify({ ...facts, packet: Buffer.from(packet).toString('base64') }),
      );
      const head = Buffer.alloc(headOctets);
      head.writeUInt32BE(content.length, 0);
      head.writeUInt32BE(crc32(content), 4);
      return [head, content];
    }),
  );
}

/** Reads frames up to the first that is torn or damaged: what follows was never acknowledged. */
export function readFrames(octets: Buffer): {
  readonly records: SpooledRecord[];
  readonly damagedAt: number | null;
} {
  const records: SpooledRecord[] = [];
  let at = 0;
  while (at < octets.length) {
    const length = at + headOctets <= octets.length ? octets.readUInt32BE(at) : Number.POSITIVE_INFINITY;
    const content = octets.subarray(at + headOctets, at + headOctets + length);
    if (content.length !== length || crc32(content) !== octets.readUInt32BE(at + 4))
      return { records, damagedAt: at };
    const { packet, ...facts } = JSON.parse(content.toString('utf8')) as Omit<SpooledRecord, 'packet'> & {
      packet: string;
    };
    records.push({ ...facts, packet: Buffer.from(packet, 'base64') });
    at += headOctets + length;
  }
  return { records, damagedAt: null };
}
