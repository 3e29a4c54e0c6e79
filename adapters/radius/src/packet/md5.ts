/**
 * MD5 (RFC 1321) for the small inputs of RADIUS, where a call into OpenSSL costs several times the hash itself.
 * One scratch buffer serves the whole process: a digest is begun, fed and finished without yielding.
 */
const capacity = 8192;
const scratch = new Uint8Array(capacity);
/** MD5 is little-endian, and so is every platform Node is carried for. */
const words = new Int32Array(scratch.buffer);
const state = new Int32Array(4);
let filled = 0;
let hashedBefore = 0;

const initialState = Int32Array.of(0x67452301, -0x10325477, -0x67452302, 0x10325476);

function f(a: number, b: number, c: number, d: number, x: number, s: number, k: number): number {
  const t = (a + ((b & c) | (~b & d)) + x + k) | 0;
  return (((t << s) | (t >>> (32 - s))) + b) | 0;
}
function g(a: number, b: number, c: number, d: number, x: number, s: number, k: number): number {
  const t = (a + ((b & d) | (c & ~d)) + x + k) | 0;
  return (((t << s) | (t >>> (32 - s))) + b) | 0;
}
function h(a: number, b: number, c: number, d: number, x: number, s: number, k: number): number {
  const t = (a + (b ^ c ^ d) + x + k) | 0;
  return (((t << s) | (t >>> (32 - s))) + b) | 0;
}
function i(a: number, b: number, c: number, d: number, x: number, s: number, k: number): number {
  const t = (a + (c ^ (b | ~d)) + x + k) | 0;
  return (((t << s) | (t >>> (32 - s))) + b) | 0;
}

function compress(w: Int32Array, at: number): void {
  let a = state[0] as number;
  let b = state[1] as number;
  let c = state[2] as number;
  let d = state[3] as number;
  a = f(a, b, c, d, w[at] as number, 7, -680876936);
  d = f(d, a, b, c, w[at + 1] as number, 12, -389564586);
  c = f(c, d, a, b, w[at + 2] as number, 17, 606105819);
  b = f(b, c, d, a, w[at + 3] as number, 22, -1044525330);
  a = f(a, b, c, d, w[at + 4] as number, 7, -176418897);
  d = f(d, a, b, c, w[at + 5] as number, 12, 1200080426);
  c = f(c, d, a, b, w[at + 6] as number, 17, -1473231341);
  b = f(b, c, d, a, w[at + 7] as number, 22, -45705983);
  a = f(a, b, c, d, w[at + 8] as number, 7, 1770035416);
  d = f(d, a, b, c, w[at + 9] as number, 12, -1958414417);
  c = f(c, d, a, b, w[at + 10] as number, 17, -42063);
  b = f(b, c, d, a, w[at + 11] as number, 22, -1990404162);
  a = f(a, b, c, d, w[at + 12] as number, 7, 1804603682);
  d = f(d, a, b, c, w[at + 13] as number, 12, -40341101);
  c = f(c, d, a, b, w[at + 14] as number, 17, -1502002290);
  b = f(b, c, d, a, w[at + 15] as number, 22, 1236535329);
  a = g(a, b, c, d, w[at + 1] as number, 5, -165796510);
  d = g(d, a, b, c, w[at + 6] as number, 9, -1069501632);
  c = g(c, d, a, b, w[at + 11] as number, 14, 643717713);
  b = g(b, c, d, a, w[at] as number, 20, -373897302);
  a = g(a, b, c, d, w[at + 5] as number, 5, -701558691);
  d = g(d, a, b, c, w[at + 10] as number, 9, 38016083);
  c = g(c, d, a, b, w[at + 15] as number, 14, -660478335);
  b = g(b, c, d, a, w[at + 4] as number, 20, -405537848);
  a = g(a, b, c, d, w[at + 9] as number, 5, 568446438);
  d = g(d, a, b, c, w[at + 14] as number, 9, -1019803690);
  c = g(c, d, a, b, w[at + 3] as number, 14, -187363961);
  b = g(b, c, d, a, w[at + 8] as number, 20, 1163531501);
  a = g(a, b, c, d, w[at + 13] as number, 5, -1444681467);
  d = g(d, a, b, c, w[at + 2] as number, 9, -51403784);
  c = g(c, d, a, b, w[at + 7] as number, 14, 1735328473);
  b = g(b, c, d, a, w[at + 12] as number, 20, -1926607734);
  a = h(a, b, c, d, w[at + 5] as number, 4, -378558);
  d = h(d, a, b, c, w[at + 8] as number, 11, -2022574463);
  c = h(c, d, a, b, w[at + 11] as number, 16, 1839030562);
  b = h(b, c, d, a, w[at + 14] as number, 23, -35309556);
  a = h(a, b, c, d, w[at + 1] as number, 4, -1530992060);
  d = h(d, a, b, c, w[at + 4] as number, 11, 1272893353);
  c = h(c, d, a, b, w[at + 7] as number, 16, -155497632);
  b = h(b, c, d, a, w[at + 10] as number, 23, -1094730640);
  a = h(a, b, c, d, w[at + 13] as number, 4, 681279174);
  d = h(d, a, b, c, w[at] as number, 11, -358537222);
  c = h(c, d, a, b, w[at + 3] as number, 16, -722521979);
  b = h(b, c, d, a, w[at + 6] as number, 23, 76029189);
  a = h(a, b, c, d, w[at + 9] as number, 4, -640364487);
  d = h(d, a, b, c, w[at + 12] as number, 11, -421815835);
  c = h(c, d, a, b, w[at + 15] as number, 16, 530742520);
  b = h(b, c, d, a, w[at + 2] as number, 23, -995338651);
  a = i(a, b, c, d, w[at] as number, 6, -198630844);
  d = i(d, a, b, c, w[at + 7] as number, 10, 1126891415);
  c = i(c, d, a, b, w[at + 14] as number, 15, -1416354905);
  b = i(b, c, d, a, w[at + 5] as number, 21, -57434055);
  a = i(a, b, c, d, w[at + 12] as number, 6, 1700485571);
  d = i(d, a, b, c, w[at + 3] as number, 10, -1894986606);
  c = i(c, d, a, b, w[at + 10] as number, 15, -1051523);
  b = i(b, c, d, a, w[at + 1] as number, 21, -2054922799);
  a = i(a, b, c, d, w[at + 8] as number, 6, 1873313359);
  d = i(d, a, b, c, w[at + 15] as number, 10, -30611744);
  c = i(c, d, a, b, w[at + 6] as number, 15, -1560198380);
  b = i(b, c, d, a, w[at + 13] as number, 21, 1309151649);
  a = i(a, b, c, d, w[at + 4] as number, 6, -145523070);
  d = i(d, a, b, c, w[at + 11] as number, 10, -1120210379);
  c = i(c, d, a, b, w[at + 2] as number, 15, 718787259);
  b = i(b, c, d, a, w[at + 9] as number, 21, -343485551);
  state[0] = ((state[0] as number) + a) | 0;
  state[1] = ((state[1] as number) + b) | 0;
  state[2] = ((state[2] as number) + c) | 0;
  state[3] = ((state[3] as number) + d) | 0;
}

/** Starts a digest, optionally from a saved state (the padded key of an HMAC, one block). */
export function md5Begin(from: Int32Array = initialState, blocksBefore = 0): void {
  state.set(from);
  filled = 0;
  hashedBefore = blocksBefore * 64;
}

/** Appends `source[start, end)`. */
export function md5Append(source: Uint8Array, start = 0, end = source.length): void {
  for (let from = start; from < end; ) {
    if (filled === capacity - 64) drain();
    const to = Math.min(end, from + capacity - 64 - filled);
    while (from < to) scratch[filled++] = source[from++] as number;
  }
}

/** Appends zero octets. */
export function md5AppendZeros(count: number): void {
  if (filled + count > capacity - 64) drain();
  scratch.fill(0, filled, filled + count);
  filled += count;
}

/** Hashes the whole blocks in the scratch buffer and keeps the rest. */
function drain(): void {
  const blocks = filled >> 6;
  for (let block = 0; block < blocks; block++) compress(words, block * 16);
  scratch.copyWithin(0, blocks * 64, filled);
  filled -= blocks * 64;
  hashedBefore += blocks * 64;
}

/** Ends the digest and writes its 16 octets to `out` at `offset`. */
export function md5Finish(out: Uint8Array, offset = 0): void {
  const total = hashedBefore + filled;
  scratch[filled++] = 0x80;
  while ((filled & 63) !== 56) scratch[filled++] = 0;
  words[filled >> 2] = (total << 3) | 0;
  words[(filled >> 2) + 1] = Math.floor(total / 0x20000000);
  filled += 8;
  for (let at = 0; at < filled >> 2; at += 16) compress(words, at);
  for (let word = 0; word < 4; word++) {
    const value = state[word] as number;
    out[offset + word * 4] = value;
    out[offset + word * 4 + 1] = value >>> 8;
    out[offset + word * 4 + 2] = value >>> 16;
    out[offset + word * 4 + 3] = value >>> 24;
  }
}

/** The MD5 of the parts, one after the other. */
export function md5(...parts: readonly Uint8Array[]): Uint8Array {
  md5Begin();
  for (const part of parts) md5Append(part);
  const out = new Uint8Array(16);
  md5Finish(out);
  return out;
}

/** The state after hashing one block of 64 octets: what an HMAC keeps of its key. */
export function md5StateOf(block: Uint8Array): Int32Array {
  md5Begin();
  md5Append(block);
  drain();
  return state.slice();
}
