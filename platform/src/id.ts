import { randomFillSync } from 'node:crypto';
import type { Clock } from './time/clock.ts';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const randomCharacters = 16;
/** From the system for hundreds of ids at once: asking for each costs more than the rest of it. */
const entropy = new Uint8Array(randomCharacters * 256);
let entropyUsed = entropy.length;

/**
 * A new opaque id such as `cus_01jd3v5k8x…`: a prefix that names the type, then 26 Crockford base-32 characters whose
 * first ten are the time, so that rows made together lie together (the layout of ULID).
 */
export function newId(prefix: string, clock: Clock): string {
  let time = clock.now();
  let text = '';
  for (let i = 0; i < 10; i++) {
    text = alphabet.charAt(time % 32) + text;
    time = Math.floor(time / 32);
  }
  if (entropyUsed === entropy.length) {
    randomFillSync(entropy);
    entropyUsed = 0;
  }
  for (const end = entropyUsed + randomCharacters; entropyUsed < end; entropyUsed++)
    text += alphabet.charAt((entropy[entropyUsed] as number) % 32);
  return `${prefix}_${text}`;
}
