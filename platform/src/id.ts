import { randomBytes } from 'node:crypto';
import type { Clock } from './time/clock.ts';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

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
  for (const byte of randomBytes(16)) text += alphabet.charAt(byte % 32);
  return `${prefix}_${text}`;
}
