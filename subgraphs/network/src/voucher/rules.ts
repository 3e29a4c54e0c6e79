import { createHash } from 'node:crypto';
import type { BillingEvents } from '@dotmac/schema';

/** A voucher that nobody has logged in with, or that somebody has. */
export interface Voucher {
  readonly id: string;
  readonly planId: string;
  readonly hash: string;
  readonly validSeconds: number;
  /** Of both directions, as decimal text; null: as many as it likes. */
  readonly octets: string | null;
  /** ISO date, the first local day on which an unused one is worth nothing. */
  readonly expiresOn: string | null;
  /** Somebody has logged in with it. */
  used: boolean;
}

/** A voucher of billing as far as it is logged in with: it grants a plan and a time; null for others. */
export function voucherOf({
  voucherId,
  codeHash,
  expiresOn,
  grants,
}: BillingEvents['voucher.issued']): Voucher | null {
  const { planId, seconds, octets } = grants;
  if (planId === null || seconds === null) return null;
  // What lasts longer than a lifetime lasts that long.
  const validSeconds = Math.min(seconds, 2_000_000_000);
  return { id: voucherId, hash: codeHash, planId, validSeconds, octets, expiresOn, used: false };
}

/**
 * SHA-256 (hexadecimal) of a code as typed, in the form in which its seller hashed it: 16 characters of Crockford's base 32, in
 * any case, with or without hyphens and spaces. Null for what cannot be a code.
 */
export function codeHash(typed: string): string | null {
  // Most names are no codes: the cheap look first, for this is on the packet path.
  if (typed.length < 16 || typed.length > 24) return null;
  const code = typed.toUpperCase().replace(/[\s-]/g, '').replace(/[IL]/g, '1').replaceAll('O', '0');
  if (!/^[0-9A-HJKMNP-TV-Z]{16}$/.test(code)) return null;
  return createHash('sha256').update(code).digest('hex');
}

/** Of the ids of vouchers, which billing makes. */
export const voucherPrefix = 'vch_';

/** The login name of a voucher's access: nobody types it. */
export function accessName(voucherId: string): string {
  return `voucher:${voucherId}`;
}
