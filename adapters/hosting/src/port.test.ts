import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sampleSpec } from './contract/samples.ts';
import { specHash } from './port.ts';

it('hashes a spec whatever the order of its keys', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.string()), (environment) => {
      const reversed = Object.fromEntries(Object.entries(environment).reverse());
      const spec = sampleSpec('x', { environment });
      const shuffled = Object.fromEntries(Object.entries({ ...spec, environment: reversed }).reverse());
      expect(specHash({ ...spec, ...shuffled })).toBe(specHash(spec));
    }),
    { numRuns: 50 },
  );
});

it('hashes any change differently', () => {
  const spec = sampleSpec('x', { secrets: [{ name: 'key', version: '1' }] });
  const changed = [
    { ...spec, generation: 2 },
    { ...spec, release: '1.0.1' },
    { ...spec, secrets: [{ name: 'key', version: '2' }] },
    { ...spec, environment: { A: 'b' } },
    { ...spec, command: [...spec.command, '--flag'] as const },
  ];
  expect(
    new Set([spec, ...changed].map((each) => specHash({ ...each, command: [...each.command] }))).size,
  ).toBe(6);
});
