/**
 * MD4 (RFC 1320), which OpenSSL no longer carries. Only for the NT password hash of MS-CHAP: its input is short, and a login
 * takes two, so that they are laid out in memory that is there already.
 */
let octets = new Uint8Array(576);
/** Little-endian, as is every platform Node is carried for. */
let words = new Int32Array(octets.buffer);
const state = new Int32Array(4);

/** The MD4 of `length` octets that have been written to `md4Input(length)`, 16 octets at the start of `out`. */
export function md4Finish(length: number, out: Uint8Array): void {
  const end = (((length + 8) >> 6) + 1) * 64;
  octets.fill(0, length, end);
  octets[length] = 0x80;
  words[end / 4 - 2] = length << 3;
  words[end / 4 - 1] = Math.floor(length / 0x20000000);
  state[0] = 0x67452301;
  state[1] = -0x10325477;
  state[2] = -0x67452302;
  state[3] = 0x10325476;
  for (let at = 0; at < end / 4; at += 16) compress(at);
  for (let octet = 0; octet < 16; octet++) out[octet] = (state[octet >> 2] as number) >> (8 * (octet & 3));
}

/** Where the input is written to; good until the next call. */
export function md4Input(length: number): Uint8Array {
  if (length + 72 > octets.length) {
    octets = new Uint8Array((((length + 72) >> 6) + 1) * 64);
    words = new Int32Array(octets.buffer);
  }
  return octets;
}

export function md4(input: Uint8Array, out: Buffer = Buffer.allocUnsafe(16)): Buffer {
  md4Input(input.length).set(input);
  md4Finish(input.length, out);
  return out;
}

function f(a: number, b: number, c: number, d: number, word: number, by: number): number {
  const sum = (a + (d ^ (b & (c ^ d))) + word) | 0;
  return (sum << by) | (sum >>> (32 - by));
}
function g(a: number, b: number, c: number, d: number, word: number, by: number): number {
  const sum = (a + ((b & c) | (d & (b | c))) + word + 0x5a827999) | 0;
  return (sum << by) | (sum >>> (32 - by));
}
function h(a: number, b: number, c: number, d: number, word: number, by: number): number {
  const sum = (a + (b ^ c ^ d) + word + 0x6ed9eba1) | 0;
  return (sum << by) | (sum >>> (32 - by));
}
/** The order of round 3, by fours. */
const thirdOrder = Uint8Array.of(0, 2, 1, 3);

function compress(at: number): void {
  let a = state[0] as number;
  let b = state[1] as number;
  let c = state[2] as number;
  let d = state[3] as number;
  for (let from = at; from < at + 16; from += 4) {
    a = f(a, b, c, d, words[from] as number, 3);
    d = f(d, a, b, c, words[from + 1] as number, 7);
    c = f(c, d, a, b, words[from + 2] as number, 11);
    b = f(b, c, d, a, words[from + 3] as number, 19);
  }
  for (let from = at; from < at + 4; from++) {
    a = g(a, b, c, d, words[from] as number, 3);
    d = g(d, a, b, c, words[from + 4] as number, 5);
    c = g(c, d, a, b, words[from + 8] as number, 9);
    b = g(b, c, d, a, words[from + 12] as number, 13);
  }
  for (let step = 0; step < 4; step++) {
    const from = at + (thirdOrder[step] as number);
    a = h(a, b, c, d, words[from] as number, 3);
    d = h(d, a, b, c, words[from + 8] as number, 9);
    c = h(c, d, a, b, words[from + 4] as number, 11);
    b = h(b, c, d, a, words[from + 12] as number, 15);
  }
  state[0] = (state[0] as number) + a;
  state[1] = (state[1] as number) + b;
  state[2] = (state[2] as number) + c;
  state[3] = (state[3] as number) + d;
}
