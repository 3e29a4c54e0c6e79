/** MD4 (RFC 1320), which OpenSSL no longer carries. Only for the NT password hash of MS-CHAP. */
export function md4(input: Uint8Array): Buffer {
  const octets = new Uint8Array((((input.length + 8) >> 6) + 1) * 64);
  octets.set(input);
  octets[input.length] = 0x80;
  // Little-endian, as is every platform Node is carried for.
  const words = new Int32Array(octets.buffer);
  words[words.length - 2] = input.length << 3;
  words[words.length - 1] = Math.floor(input.length / 0x20000000);
  const state = Int32Array.of(0x67452301, -0x10325477, -0x67452302, 0x10325476);
  for (let at = 0; at < words.length; at += 16) compress(state, words, at);
  return Buffer.from(state.buffer);
}

const additions = [0, 0x5a827999, 0x6ed9eba1];
const orders = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
  [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
].map((order) => Uint8Array.from(order));
const shifts = [
  [3, 7, 11, 19],
  [3, 5, 9, 13],
  [3, 9, 11, 15],
].map((shift) => Uint8Array.from(shift));

function mix(round: number, x: number, y: number, z: number): number {
  if (round === 0) return (x & y) | (~x & z);
  return round === 1 ? (x & y) | (x & z) | (y & z) : x ^ y ^ z;
}

function compress(state: Int32Array, words: Int32Array, at: number): void {
  let a = state[0] as number;
  let b = state[1] as number;
  let c = state[2] as number;
  let d = state[3] as number;
  for (let round = 0; round < 3; round++) {
    const order = orders[round] as Uint8Array;
    const shift = shifts[round] as Uint8Array;
    const addition = additions[round] as number;
    for (let step = 0; step < 16; step++) {
      const word = words[at + (order[step] as number)] as number;
      const sum = (a + mix(round, b, c, d) + word + addition) | 0;
      const by = shift[step & 3] as number;
      a = d;
      d = c;
      c = b;
      b = (sum << by) | (sum >>> (32 - by));
    }
  }
  state[0] = (state[0] as number) + a;
  state[1] = (state[1] as number) + b;
  state[2] = (state[2] as number) + c;
  state[3] = (state[3] as number) + d;
}
