import { createHash } from 'node:crypto';
import type { Day } from '../calendar/rules.ts';

type VoucherState = 'created' | 'active' | 'redeemed' | 'expired' | 'cancelled';

export interface Voucher {
  readonly state: VoucherState;
  readonly currency: string;
  readonly expiresOn?: Day;
}

/** Crockford base 32: no I, L, O or U, so a printed code cannot be misread. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A code of 16 characters (80 bits) from 10 random bytes: `ABCD-EFGH-JKMN-PQRS`. */
export function voucherCode(random: Uint8Array): string {
  if (random.length !== 10)
    throw new RangeError(`a voucher code takes 10 random bytes, not ${random.length}`);
  const value = random.reduce((all, byte) => (all << 8n) | BigInt(byte), 0n);
  let code = '';
  for (let shift = 75n; shift >= 0n; shift -= 5n) {
    code += ALPHABET.charAt(Number((value >> shift) & 31n));
    if (shift > 0n && shift % 20n === 0n) code += '-';
  }
  return code;
}

/** What is stored of a code: SHA-256 (hex) of its canonical form. Undefined when it cannot be a code. */
export function voucherHash(typed: string): string | undefined {
  const code = typed.toUpperCase().replace(/[\s-]/g, '').replace(/[IL]/g, '1').replaceAll('O', '0');
  if (!/^[0-9A-HJKMNP-TV-Z]{16}$/.test(code)) return undefined;
  return createHash('sha256').update(code).digest('hex');
}

/** Why a voucher cannot be redeemed today for an account in `currency`, or undefined when it can. */
export function redemptionRefusal(
  voucher: Voucher,
  currency: string,
  today: Day,
): 'NOT_ACTIVE' | 'ALREADY_REDEEMED' | 'EXPIRED' | 'CANCELLED' | 'CURRENCY_MISMATCH' | undefined {
  if (voucher.state === 'redeemed') return 'ALREADY_REDEEMED';
  if (voucher.state === 'cancelled') return 'CANCELLED';
  if (voucher.state === 'expired' || (voucher.expiresOn ?? Number.POSITIVE_INFINITY) <= today)
    return 'EXPIRED';
  if (voucher.state === 'created') return 'NOT_ACTIVE';
  return voucher.currency === currency ? undefined : 'CURRENCY_MISMATCH';
}
