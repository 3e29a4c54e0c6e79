/**
 * Single DES (FIPS 46-3), encryption of one block: all that MS-CHAP needs of it. A cipher object of OpenSSL, which has it as triple
 * DES only, costs many times the block itself, at three blocks a login.
 */

/** The S-boxes, a row of sixteen hexadecimal digits after the other. */
const sBoxes = [
  'e4d12fb83a6c59070f74e2d1a6cb953841e8d62bfc973a50fc8249175b3ea06d',
  'f18e6b34972dc05a3d47f28ec01a69b50e7ba4d158c6932fd8a13f42b67c05e9',
  'a09e63f51dc7b428d709346a285ecbf1d6498f30b12c5ae71ad069874fe3b52c',
  '7de3069a1285bc4fd8b56f03472c1ae9a690cb7df13e52843f06a1d8945bc72e',
  '2c417ab6853fd0e9eb2c47d150fa3986421bad78f9c5630eb8c71e2d6f09a453',
  'c1af92680d34e75baf427c9561de0b389ef528c3704a1db6432c95fabe17608d',
  '4b2ef08d3c975a61d0b7491ae35c2f8614bdc37eaf6805926bd814a7950fe23c',
  'd2846fb1a93e50c71fd8a374c56b0e927b419ce206adf35821e74a8dfc90356b',
];
/** Permutations by the number of the bit that comes to each place, the most significant being 1. */
const permutationP = [
  16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10, 2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22,
  11, 4, 25,
];
const choice1 = [
  57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36,
  63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4,
];
const choice2 = [
  14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2, 41, 52, 31, 37, 47,
  55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
];
const shifts = Uint8Array.of(1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1);
const keyNibbles = 14;
const halfMask = 0xfffffff;

interface Tables {
  /** By S-box and its six bits: its four bits at their places after P. */
  readonly substitution: Int32Array;
  /** By nibble of the key and its value: what it gives to the halves C and D of 28 bits (PC-1). */
  readonly halves: Int32Array;
  /** By half, seven of its bits and their value: what they give to 24 bits of a round's key (PC-2). */
  readonly choice: Int32Array;
}
let made: Tables | undefined;

function tables(): Tables {
  made ??= { substitution: substitutionTable(), halves: halvesTable(), choice: choiceTable() };
  return made;
}

function substitutionTable(): Int32Array {
  const table = new Int32Array(8 * 64);
  for (let box = 0; box < 8; box++)
    for (let six = 0; six < 64; six++) {
      const row = ((six >> 4) & 2) | (six & 1);
      const digit = Number.parseInt((sBoxes[box] as string)[row * 16 + ((six >> 1) & 15)] as string, 16);
      const placed = digit << (28 - 4 * box);
      let out = 0;
      for (const from of permutationP) out = (out << 1) | ((placed >>> (32 - from)) & 1);
      table[box * 64 + six] = out;
    }
  return table;
}

function halvesTable(): Int32Array {
  const table = new Int32Array(keyNibbles * 16 * 2);
  for (const [place, from] of choice1.entries()) {
    // Of 64 with parity; here are 56 without.
    const bit = from - 1 - ((from - 1) >> 3);
    const half = place >= 28 ? 1 : 0;
    for (let value = 0; value < 16; value++)
      if ((value >> (3 - (bit & 3))) & 1) {
        const at = ((bit >> 2) * 16 + value) * 2 + half;
        table[at] = (table[at] as number) | (1 << (27 - (place % 28)));
      }
  }
  return table;
}

/** The first 24 bits of a round's key come from C, the others from D. */
function choiceTable(): Int32Array {
  const table = new Int32Array(2 * 4 * 128);
  for (const [place, from] of choice2.entries()) {
    const half = place >= 24 ? 1 : 0;
    const bit = from - 1 - 28 * half;
    const group = Math.floor(bit / 7);
    for (let value = 0; value < 128; value++)
      if ((value >> (6 - (bit % 7))) & 1) {
        const at = (half * 4 + group) * 128 + value;
        table[at] = (table[at] as number) | (1 << (23 - (place % 24)));
      }
  }
  return table;
}

/**
 * Encrypts a block of 8 octets and writes it to `out` at `outAt`.
 * @param key holds 56 bits at `keyAt`, without bits of parity.
 */
export function desEncrypt(
  block: Uint8Array,
  key: Uint8Array,
  keyAt: number,
  out: Uint8Array,
  outAt: number,
): void {
  const { substitution, halves, choice } = tables();
  let c = 0;
  let d = 0;
  for (let nibble = 0; nibble < keyNibbles; nibble++) {
    const octet = key[keyAt + (nibble >> 1)] as number;
    const row = (nibble * 16 + ((nibble & 1) === 0 ? octet >> 4 : octet & 15)) * 2;
    c |= halves[row] as number;
    d |= halves[row + 1] as number;
  }
  // The initial permutation: even bits of the octets, from the last octet to the first, then the odd ones.
  let left = 0;
  let right = 0;
  for (let bit = 6; bit >= 0; bit -= 2)
    for (let octet = 7; octet >= 0; octet--) {
      left = (left << 1) | (((block[octet] as number) >> bit) & 1);
      right = (right << 1) | (((block[octet] as number) >> (bit + 1)) & 1);
    }
  for (let round = 0; round < 16; round++) {
    const by = shifts[round] as number;
    c = ((c << by) | (c >> (28 - by))) & halfMask;
    d = ((d << by) | (d >> (28 - by))) & halfMask;
    const first =
      (choice[c >> 21] as number) |
      (choice[128 + ((c >> 14) & 127)] as number) |
      (choice[256 + ((c >> 7) & 127)] as number) |
      (choice[384 + (c & 127)] as number);
    const second =
      (choice[512 + (d >> 21)] as number) |
      (choice[640 + ((d >> 14) & 127)] as number) |
      (choice[768 + ((d >> 7) & 127)] as number) |
      (choice[896 + (d & 127)] as number);
    const r = right;
    right =
      left ^
      (substitution[(((r << 5) | (r >>> 27)) ^ (first >> 18)) & 63] as number) ^
      (substitution[64 + ((((r << 9) | (r >>> 23)) ^ (first >> 12)) & 63)] as number) ^
      (substitution[128 + ((((r << 13) | (r >>> 19)) ^ (first >> 6)) & 63)] as number) ^
      (substitution[192 + ((((r << 17) | (r >>> 15)) ^ first) & 63)] as number) ^
      (substitution[256 + ((((r << 21) | (r >>> 11)) ^ (second >> 18)) & 63)] as number) ^
      (substitution[320 + ((((r << 25) | (r >>> 7)) ^ (second >> 12)) & 63)] as number) ^
      (substitution[384 + ((((r << 29) | (r >>> 3)) ^ (second >> 6)) & 63)] as number) ^
      (substitution[448 + ((((r << 1) | (r >>> 31)) ^ second) & 63)] as number);
    left = r;
  }
  // The halves change places, and the initial permutation is undone.
  for (let octet = 0; octet < 8; octet++) {
    let value = 0;
    for (let pair = 3; pair >= 0; pair--) {
      const at = 8 * pair + octet;
      value = (value << 2) | (((left >>> at) & 1) << 1) | ((right >>> at) & 1);
    }
    out[outAt + octet] = value;
  }
}
