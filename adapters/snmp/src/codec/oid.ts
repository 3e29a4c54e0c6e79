/** An object identifier as dotted text without a leading dot: `1.3.6.1.2.1.1.3.0`. */
export type Oid = string;

/** The content octets of an OBJECT IDENTIFIER (X.690 §8.19), without tag and length. The hot path compares these. */
export type OidBytes = Uint8Array;

const MAX_SUB_IDENTIFIER = 0xffffffff;

function pushSubIdentifier(out: number[], value: number): void {
  const start = out.length;
  let rest = value;
  do {
    out.splice(start, 0, (rest % 128) | (out.length > start ? 0x80 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
}

/**
 * Content octets of a dotted OID. Sub-identifiers are 32-bit unsigned (RFC 2578 §3.5).
 * Throws `RangeError` naming the OID when it is not one.
 */
export function encodeOid(oid: Oid): Uint8Array {
  const arcs = oid.split('.').map((arc) => (/^\d{1,10}$/.test(arc) ? Number(arc) : Number.NaN));
  const [first, second] = arcs;
  const valid =
    first !== undefined &&
    second !== undefined &&
    arcs.length <= 128 &&
    arcs.every((arc) => arc <= MAX_SUB_IDENTIFIER) &&
    (first < 2 ? second < 40 : first === 2 && second <= MAX_SUB_IDENTIFIER - 80);
  if (!valid)
    throw new RangeError(`Not an object identifier: "${oid}"; expected dotted numbers such as 1.3.6.1`);
  const out: number[] = [];
  pushSubIdentifier(out, first * 40 + second);
  for (let i = 2; i < arcs.length; i++) pushSubIdentifier(out, arcs[i] as number);
  return Uint8Array.from(out);
}

const encodings = new Map<Oid, Uint8Array>();
const MOST_ENCODINGS = 4_096;

/** `encodeOid`, remembered: pollers ask for the same objects again and again. Not to be changed by the caller. */
export function knownOid(oid: Oid): Uint8Array {
  let encoded = encodings.get(oid);
  if (encoded === undefined) {
    encoded = encodeOid(oid);
    if (encodings.size >= MOST_ENCODINGS) encodings.clear();
    encodings.set(oid, encoded);
  }
  return encoded;
}

/** Dotted arcs of content octets from `start`, or null when they are cut short or pass 32 bits. */
function decodeArcs(bytes: OidBytes, start: number): string | null {
  let text = '';
  let value = 0;
  let open = false;
  for (let i = start; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    value = value * 128 + (byte & 0x7f);
    if (value > MAX_SUB_IDENTIFIER) return null;
    open = (byte & 0x80) !== 0;
    if (open) continue;
    text += text === '' ? value : `.${value}`;
    value = 0;
  }
  return open ? null : text;
}

/** Dotted form of content octets, or null when they are no OID. An empty content is `0.0`, as agents mean it. */
export function decodeOid(bytes: OidBytes): Oid | null {
  if (bytes.length === 0) return '0.0';
  const arcs = decodeArcs(bytes, 0);
  if (arcs === null) return null;
  const dot = arcs.indexOf('.');
  const first = Number(dot < 0 ? arcs : arcs.slice(0, dot));
  const rest = dot < 0 ? '' : arcs.slice(dot);
  const top = Math.min(2, Math.floor(first / 40));
  return `${top}.${first - top * 40}${rest}`;
}

/** The index part of an OID below a column of `columnLength` octets: `7` or `10.0.0.1.24`; null when malformed. */
export function decodeIndex(bytes: OidBytes, columnLength: number): string | null {
  return decodeArcs(bytes, columnLength);
}

/** Whether `bytes` lies strictly below `prefix` in the tree. */
export function isBelow(bytes: OidBytes, prefix: OidBytes): boolean {
  if (bytes.length <= prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (bytes[i] !== prefix[i]) return false;
  return true;
}

/** Numeric (lexicographic by arc) order of two OIDs: negative, zero or positive. */
export function compareOids(a: OidBytes, b: OidBytes): number {
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    let x = 0;
    let y = 0;
    let byte: number;
    do {
      byte = a[i++] as number;
      x = x * 128 + (byte & 0x7f);
    } while (byte & 0x80 && i < a.length);
    do {
      byte = b[j++] as number;
      y = y * 128 + (byte & 0x7f);
    } while (byte & 0x80 && j < b.length);
    if (x !== y) return x - y;
  }
  if (i < a.length) return 1;
  return j < b.length ? -1 : 0;
}
