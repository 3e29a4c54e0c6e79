import type { BerReader, BerWriter } from './ber.ts';
import type { OidBytes } from './oid.ts';
import { readValue, type SnmpValue, writeValue } from './value.ts';

/** PDU tags (RFC 3416 §3). */
const pduTags = {
  get: 0xa0,
  getNext: 0xa1,
  response: 0xa2,
  set: 0xa3,
  trapV1: 0xa4,
  getBulk: 0xa5,
  inform: 0xa6,
  trap: 0xa7,
  report: 0xa8,
} as const;
export type PduType = keyof typeof pduTags;
const typeOfTag = new Map<number, PduType>(
  Object.entries(pduTags).map(([type, tag]) => [tag, type as PduType]),
);

/** A variable binding. `oid` is a view of the datagram; `decodeOid` gives its dotted form. */
export interface Varbind {
  readonly oid: OidBytes;
  readonly value: SnmpValue;
}

export interface Pdu {
  readonly type: PduType;
  readonly requestId: number;
  /** error-status of a reply, non-repeaters of a GETBULK. */
  readonly errorStatus: number;
  /** error-index of a reply (1-based), max-repetitions of a GETBULK. */
  readonly errorIndex: number;
  readonly varbinds: readonly Varbind[];
}

/** Reads a PDU other than a v1 trap. Bad values are kept as `malformed`; a bad structure throws `BerError`. */
export function readPdu(reader: BerReader): Pdu | null {
  const type = typeOfTag.get(reader.peekTag());
  if (type === undefined || type === 'trapV1') return null;
  const body = reader.enter();
  const requestId = body.integer();
  const errorStatus = body.integer();
  const errorIndex = body.integer();
  const list = body.enter(0x30);
  const varbinds: Varbind[] = [];
  while (!list.done) {
    const item = list.enter(0x30);
    const oid = item.octets(0x06);
    const value = readValue(item);
    const sound = oid.length === 0 || ((oid[oid.length - 1] as number) & 0x80) === 0;
    varbinds.push({
      oid,
      value: sound ? value : { type: 'malformed', reason: 'its OID is cut short', raw: oid },
    });
  }
  return { type, requestId, errorStatus, errorIndex, varbinds };
}

/** Writes a PDU in front of what the writer holds. */
export function writePdu(writer: BerWriter, pdu: Pdu): void {
  const mark = writer.size;
  for (let i = pdu.varbinds.length - 1; i >= 0; i--) {
    const varbind = pdu.varbinds[i] as Varbind;
    const start = writer.size;
    writeValue(writer, varbind.value);
    writer.octets(0x06, varbind.oid);
    writer.header(0x30, start);
  }
  writer.header(0x30, mark);
  writer.integer(pdu.errorIndex);
  writer.integer(pdu.errorStatus);
  writer.integer(pdu.requestId);
  writer.header(pduTags[pdu.type], mark);
}
