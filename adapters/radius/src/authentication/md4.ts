/** MD4 (RFC 1320), which OpenSSL no longer carries. Only for the NT password hash of MS-CHAP. */
export function md4(input: Uint8Array): Buffer {
  const padded = Buffer.alloc((((input.length + 8) >> 6) + 1) * 64);
  padded.set(input);
  padded[input.length] = 0x80;
  padded.writeUInt32LE((input.length << 3) >>> 0, padded.length - 8);
  padded.writeUInt32LE(Math.floor(input.length / 0x20000000), padded.length - 4);
  const state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
  for (let at = 0; at < padded.length; at += 64) compress(state, padded, at);
  const out = Buffer.alloc(16);
  for (let word = 0; word < 4; word++) out.writeUInt32LE((state[word] as number) >>> 0, word * 4);
  return out;
}

const rounds: readonly {
  readonly mix: (x: number, y: number, z: number) => number;
  readonly add: number;
  readonly order: readonly number[];
  readonly shifts: readonly number[];
}[] = [
  {
    mix: (x, y, z) => (x & y) | (~x & z),
    add: 0,
    order: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    shifts: [3, 7, 11, 19],
  },
  {
    mix: (x, y, z) => (x & y) | (x & z) | (y & z),
    add: 0x5a827999,
    order: [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
    shifts: [3, 5, 9, 13],
  },
  {
    mix: (x, y, z) => x ^ y ^ z,
    add: 0x6ed9eba1,
    order: [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
    shifts: [3, 9, 11, 15],
  },
];

function compress(state: number[], block: Buffer, at: number): void {
  let [a, b, c, d] = state as [number, number, number, number];
  for (const { mix, add, order, shifts } of rounds) {
    order.forEach((word, step) => {
      const sum = (a + mix(b, c, d) + block.readUInt32LE(at + word * 4) + add) | 0;
      const shift = shifts[step & 3] as number;
      const turned = (sum << shift) | (sum >>> (32 - shift));
      [a, b, c, d] = [d, turned, b, c];
    });
  }
  [a, b, c, d].forEach((value, word) => {
    state[word] = ((state[word] as number) + value) | 0;
  });
}
