/**
 * The lab's own BER, independent of the code under test: enough of X.690 to read requests and write replies.
 */

/** A value on the wire: its tag and content octets. */
export interface WireValue {
  readonly tag: number;
  readonly content: Buffer;
}

/** An object identifier as arcs. */
export type Arcs = readonly number[];

export function parseArcs(oid: string): Arcs {
  if (!/^\d+(\.\d+)+$/.test(oid)) throw new RangeError(`"${oid}" is no OID; expected dotted numbers`);
  return oid.split('.').map(Number);
}

export function compareArcs(a: Arcs, b: Arcs): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function base128(value: number): number[] {
  const octets = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) {
    octets.unshift((rest % 128) | 0x80);
  }
  return octets;
}

export function oidContent(arcs: Arcs): Buffer {
  const [first = 0, second = 0, ...rest] = arcs;
  return Buffer.from([first * 40 + second, ...rest].flatMap(base128));
}

function arcsOf(content: Buffer): Arcs {
  const parts: number[] = [];
  let value = 0;
  for (const octet of content) {
    value = value * 128 + (octet & 0x7f);
    if (octet & 0x80) continue;
    parts.push(value);
    value = 0;
  }
  const first = parts[0] ?? 0;
  const top = Math.min(2, Math.floor(first / 40));
  return [top, first - top * 40, ...parts.slice(1)];
}

/** The shortest two's complement form. */
export function integerContent(value: bigint): Buffer {
  const octets: number[] = [];
  let rest = value;
  for (;;) {
    const low = Number(rest & 0xffn);
    octets.unshift(low);
    rest >>= 8n;
    if ((rest === 0n && low < 0x80) || (rest === -1n && low >= 0x80)) return Buffer.from(octets);
  }
}

export function element(tag: number, content: Uint8Array): Buffer {
  const length = content.length;
  let header: number[];
  if (length < 0x80) header = [tag, length];
  else if (length < 0x100) header = [tag, 0x81, length];
  else if (length < 0x10000) header = [tag, 0x82, length >> 8, length & 0xff];
  else header = [tag, 0x83, length >> 16, (length >> 8) & 0xff, length & 0xff];
  return Buffer.concat([Buffer.from(header), content]);
}

export interface WireVarbind {
  readonly oid: Arcs;
  readonly value: WireValue;
}

export function varbindElement(varbind: WireVarbind): Buffer {
  const oid = element(0x06, oidContent(varbind.oid));
  return element(0x30, Buffer.concat([oid, element(varbind.value.tag, varbind.value.content)]));
}

export interface WireRequest {
  /** 0 is SNMPv1, 1 is v2c. */
  readonly version: number;
  readonly community: Buffer;
  readonly pduTag: number;
  readonly requestId: number;
  readonly nonRepeaters: number;
  readonly maxRepetitions: number;
  readonly varbinds: readonly WireVarbind[];
}

/** A request message; null for anything else, as an agent drops it. */
export function parseRequest(datagram: Buffer): WireRequest | null {
  let position = 0;
  let failed = false;
  const next = (): WireValue => {
    const tag = datagram[position] ?? 0;
    let length = datagram[position + 1] ?? 0;
    position += 2;
    if (length & 0x80) {
      const octets = length & 0x7f;
      length = 0;
      for (let i = 0; i < octets; i++) length = length * 256 + (datagram[position++] ?? 0);
    }
    if (position + length > datagram.length) failed = true;
    return { tag, content: datagram.subarray(position, position + length) };
  };
  const primitive = (): WireValue => {
    const value = next();
    position += value.content.length;
    return value;
  };
  const integer = () => {
    const { content } = primitive();
    return content.length > 0 && content.length <= 6 ? content.readIntBE(0, content.length) : 0;
  };
  next();
  const version = integer();
  const community = primitive().content;
  const pduTag = next().tag;
  const requestId = integer();
  const nonRepeaters = integer();
  const maxRepetitions = integer();
  const end = position + next().content.length;
  const varbinds: WireVarbind[] = [];
  while (position < end && !failed) {
    next();
    const oid = arcsOf(primitive().content);
    varbinds.push({ oid, value: primitive() });
  }
  if (failed || version < 0 || version > 1) return null;
  return { version, community, pduTag, requestId, nonRepeaters, maxRepetitions, varbinds };
}

export interface WireReply {
  readonly requestId: number;
  readonly errorStatus: number;
  readonly errorIndex: number;
  /** Encoded variable bindings. */
  readonly varbinds: readonly Buffer[];
}

export function replyMessage(request: WireRequest, reply: WireReply): Buffer {
  const integer = (value: number) => element(0x02, integerContent(BigInt(value)));
  const pdu = element(
    0xa2,
    Buffer.concat([
      integer(reply.requestId),
      integer(reply.errorStatus),
      integer(reply.errorIndex),
      element(0x30, Buffer.concat(reply.varbinds)),
    ]),
  );
  return element(0x30, Buffer.concat([integer(request.version), element(0x04, request.community), pdu]));
}
