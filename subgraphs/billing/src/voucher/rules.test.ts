import fc from 'fast-check';
import { expect, it } from 'vitest';
import { redemptionRefusal, voucherCode, voucherHash } from './rules.ts';

it('codes keep all 80 bits and survive being typed', () => {
  const bytes = fc.uint8Array({ minLength: 10, maxLength: 10 });
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      const code = voucherCode(a);
      expect(code).toMatch(/^([0-9A-Z]{4}-){3}[0-9A-Z]{4}$/);
      const typed = code.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l');
      expect(voucherHash(typed)).toBe(voucherHash(code));
      expect(voucherHash(code) === voucherHash(voucherCode(b))).toBe(
        a.every((byte, index) => byte === b[index]),
      );
    }),
  );
  expect(['', 'ABCD', 'UUUU-UUUU-UUUU-UUUU'].map(voucherHash)).toEqual([undefined, undefined, undefined]);
  expect(() => voucherCode(new Uint8Array(9))).toThrow(RangeError);
});
it('says why a voucher is refused', () => {
  const active = { state: 'active', currency: 'EUR', expiresOn: 100 } as const;
  expect(redemptionRefusal(active, 'EUR', 99)).toBeUndefined();
  expect(redemptionRefusal(active, 'EUR', 100)).toBe('EXPIRED');
  expect(redemptionRefusal(active, 'USD', 99)).toBe('CURRENCY_MISMATCH');
  const states = ['created', 'redeemed', 'expired', 'cancelled'] as const;
  expect(states.map((state) => redemptionRefusal({ ...active, state }, 'EUR', 1))).toEqual([
    'NOT_ACTIVE',
    'ALREADY_REDEEMED',
    'EXPIRED',
    'CANCELLED',
  ]);
});
