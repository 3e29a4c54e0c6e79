import { BerReader, BerWriter } from './ber.ts';
import { writeValue } from './value.ts';
import { type Varbind, VarbindList } from './varbinds.ts';

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

export interface Pdu {
  readonly type: PduType;
  readonly requestId: number;
  /** error-status of a reply, non-repeaters of a GETBULK. */
  readonly errorStatus: number;
  /** error-index of a reply (1-based), max-repetitions of a GETBULK. */
  readonly errorIndex: number;
  readonly varbinds: readonly Varbind[];
}

/** A PDU from the wire: its bindings stand in the datagram until they are asked for. */
export class ReceivedPdu implements Pdu {
  readonly type: PduType;
  readonly requestId: number;
  readonly errorStatus: number;
  readonly errorIndex: number;
  readonly list: VarbindList;

  constructor(type: PduType, body: BerReader) {
    this.type = type;
    this.requestId = body.integer();
    this.errorStatus = body.integer();
    this.errorIndex = body.integer();
    this.list = new VarbindList(body);
  }

  get varbinds(): readonly Varbind[] {
    return this.list.toArray();
  }
}

/** Reads a PDU other than a v1 trap. Bad values are kept as `malformed`; a bad structure throws `BerError`. */
export function readPdu(reader: BerReader): ReceivedPdu | null {
  const type = typeOfTag.get(reader.peekTag());
  if (type === undefined || type === 'trapV1') return null;
  return new ReceivedPdu(type, reader.enter());
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

/** A PDU as the wire would bring it, for sessions that have none. Throws `BerError` for a malformed value. */
export function received(pdu: Pdu): ReceivedPdu {
  const writer = new BerWriter();
  writePdu(writer, pdu);
  const octets = writer.finish();
  return new ReceivedPdu(pdu.type, new BerReader(octets).enter());
}
