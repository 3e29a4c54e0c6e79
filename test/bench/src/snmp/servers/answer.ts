import { integer, type Objects, tlv } from './objects.ts';

/** Walks over the elements of a datagram. */
export class Cursor {
  readonly bytes: Buffer;
  at: number;
  constructor(bytes: Buffer, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  /** Enters an element: its content's length. */
  enter(): number {
    let length = this.bytes[this.at + 1] as number;
    this.at += 2;
    if (length & 0x80) {
      let octets = length & 0x7f;
      length = 0;
      while (octets-- > 0) length = length * 256 + (this.bytes[this.at++] as number);
    }
    return length;
  }

  octets(): Buffer {
    const length = this.enter();
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  integer(): number {
    const content = this.octets();
    return content.length === 0 ? 0 : content.readIntBE(0, content.length);
  }
}

const endOfMibView = (oid: Buffer) => tlv(0x30, Buffer.concat([tlv(0x06, oid), Buffer.of(0x82, 0)]));
/** Room for the header of a message in what a client or the network takes. */
const mostVarbindOctets = 8_000;

/** The reply PDU to the request PDU at the cursor. */
export function answerPdu(cursor: Cursor, { encoded, exact, after }: Objects): Buffer {
  const type = cursor.bytes[cursor.at] as number;
  cursor.enter();
  const requestId = cursor.octets();
  const first = cursor.integer();
  const second = cursor.integer();
  const end = cursor.enter() + cursor.at;
  const oids: Buffer[] = [];
  while (cursor.at < end) {
    cursor.enter();
    oids.push(cursor.octets());
    cursor.octets();
  }
  const out: Buffer[] = [];
  let size = 0;
  const put = (position: number, oid: Buffer) => {
    const varbind = encoded[position] ?? endOfMibView(oid);
    out.push(varbind);
    size += varbind.length;
  };
  const next = (oid: Buffer) => after.get(oid.toString('latin1')) ?? encoded.length;
  if (type === 0xa0) for (const oid of oids) put(exact.get(oid.toString('latin1')) ?? encoded.length, oid);
  else if (type === 0xa1) for (const oid of oids) put(next(oid), oid);
  else {
    for (const oid of oids.slice(0, first)) put(next(oid), oid);
    const starts = oids.slice(first).map((oid) => ({ oid, position: next(oid) }));
    for (let round = 0; round < second && starts.length > 0; round++) {
      for (const { oid, position } of starts) {
        if (size < mostVarbindOctets) put(position + round, oid);
      }
    }
  }
  const zero = integer(0);
  return tlv(0xa2, Buffer.concat([tlv(0x02, requestId), zero, zero, tlv(0x30, Buffer.concat(out))]));
}
