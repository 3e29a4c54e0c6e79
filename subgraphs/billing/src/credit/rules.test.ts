import { percentOf } from '@dotmac/platform/money/decimal';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { checkExplanation } from '../explanation/rules-checker.ts';
import { type CreditableGroup, creditableGross, creditNote } from './rules.ts';

const group = (net: bigint, percent: string): CreditableGroup => ({
  id: 'S',
  percent,
  net,
  tax: percentOf(net, percent),
  creditedNet: 0n,
  creditedTax: 0n,
});

it('any sequence of notes that covers the invoice equals it; every tax explains itself', () => {
  const parts = fc.array(fc.bigInt(1n, 50_000n), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(parts, fc.constantFrom('20', '9.975', '0', '25'), (nets, percent) => {
      let state = group(
        nets.reduce((a, b) => a + b, 0n),
        percent,
      );
      for (const net of nets) {
        const note = creditNote([state], [{ id: 'S', net }]);
        if (!note.ok) throw new Error(note.error.message);
        for (const one of note.groups)
          expect(checkExplanation(one.explanation, one.tax).outcome).toBe('AGREES');
        expect(note.tax >= 0n).toBe(true);
        state = {
          ...state,
          creditedNet: state.creditedNet + note.net,
          creditedTax: state.creditedTax + note.tax,
        };
      }
      expect(state.creditedTax).toBe(state.tax);
      expect(creditableGross([state])).toBe(0n);
    }),
  );
});

it('refuses more than is left, nothing, and what is not on the invoice', () => {
  const one = { ...group(1000n, '20'), creditedNet: 400n, creditedTax: 80n };
  expect(creditNote([one], [{ id: 'S', net: 601n }])).toMatchObject({
    ok: false,
    error: { code: 'CREDIT_EXCEEDS_INVOICE', field: 'credits[0]' },
  });
  expect(creditNote([one], [{ id: 'S', net: 0n }])).toMatchObject({
    ok: false,
    error: { code: 'CREDIT_NOT_POSITIVE' },
  });
  expect(creditNote([one], [{ id: 'E', net: 1n }])).toMatchObject({
    ok: false,
    error: { code: 'UNKNOWN_GROUP' },
  });
});
