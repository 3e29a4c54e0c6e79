/**
 * SHA-1 (RFC 3174) for the small inputs of MS-CHAPv2, of which a login hashes six: a call into OpenSSL costs several times
 * the hash itself. One scratch buffer serves the whole process: a digest is begun, fed and finished without yielding.
 */
const capacity = 512;
const scratch = new Uint8Array(capacity);
const words = new Int32Array(80);
const state = new Int32Array(5);
let filled = 0;
let hashedBefore = 0;

export function sha1Begin(): void {
  state[0] = 0x67452301;
  state[1] = -0x10325477;
  state[2] = -0x67452302;
  state[3] = 0x10325476;
  state[4] = -0x3c2d1e10;
  filled = 0;
  hashedBefore = 0;
}

/** Appends `source[start, end)`. */
export function sha1Append(source: Uint8Array, start = 0, end = source.length): void {
  for (let from = start; from < end; ) {
    if (filled === capacity - 64) drain();
    const to = Math.min(end, from + capacity - 64 - filled);
    while (from < to) scratch[filled++] = source[from++] as number;
  }
}

/** Hashes the whole blocks in the scratch buffer, which are all there is. */
function drain(): void {
  for (let at = 0; at < filled; at += 64) compress(at);
  hashedBefore += filled;
  filled = 0;
}

/** Ends the digest and writes its first `octets`, at most 20, to `out` at `offset`. */
export function sha1Finish(out: Uint8Array, offset = 0, octets = 20): void {
  const total = hashedBefore + filled;
  scratch[filled++] = 0x80;
  while ((filled & 63) !== 56) scratch[filled++] = 0;
  scratch.fill(0, filled, filled + 3);
  filled += 3;
  scratch[filled++] = Math.floor(total / 0x20000000);
  for (let shift = 24; shift >= 0; shift -= 8) scratch[filled++] = (total << 3) >> shift;
  drain();
  for (let octet = 0; octet < octets; octet++)
    out[offset + octet] = (state[octet >> 2] as number) >> (24 - 8 * (octet & 3));
}

function compress(at: number): void {
  for (let word = 0, from = at; word < 16; word++, from += 4)
    words[word] =
      ((scratch[from] as number) << 24) |
      ((scratch[from + 1] as number) << 16) |
      ((scratch[from + 2] as number) << 8) |
      (scratch[from + 3] as number);
  for (let word = 16; word < 80; word++) {
    const x =
      (words[word - 3] as number) ^
      (words[word - 8] as number) ^
      (words[word - 14] as number) ^
      (words[word - 16] as number);
    words[word] = (x << 1) | (x >>> 31);
  }
  let a = state[0] as number;
  let b = state[1] as number;
  let c = state[2] as number;
  let d = state[3] as number;
  let e = state[4] as number;
  for (let word = 0; word < 20; word++) {
    const next =
      (((a << 5) | (a >>> 27)) + (d ^ (b & (c ^ d))) + 0x5a827999 + e + (words[word] as number)) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  for (let word = 20; word < 40; word++) {
    const next = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + 0x6ed9eba1 + e + (words[word] as number)) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  for (let word = 40; word < 60; word++) {
    const next =
      (((a << 5) | (a >>> 27)) + ((b & c) | (d & (b | c))) - 0x70e44324 + e + (words[word] as number)) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  for (let word = 60; word < 80; word++) {
    const next = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) - 0x359d3e2a + e + (words[word] as number)) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  state[0] = (state[0] as number) + a;
  state[1] = (state[1] as number) + b;
  state[2] = (state[2] as number) + c;
  state[3] = (state[3] as number) + d;
  state[4] = (state[4] as number) + e;
}
