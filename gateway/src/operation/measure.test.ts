import { parse } from 'graphql';
import { expect, test } from 'vitest';
import { defaultLimits } from '../limits.ts';
import { excess } from './limit-rule.ts';
import { measure } from './measure.ts';

test('counts what an operation selects, fragments where they are spread', () => {
  const document = parse(`
    query A @a { x: f { g(n: 1) @b ... on T @c { h } } ...F ...F }
    query B { i }
    fragment F on T { j { k: l } }`);
  expect(measure(document)).toEqual({ depth: 2, aliases: 3, directives: 3, rootFields: 3, selections: 7 });
});

test('measures each fragment once, however often it is spread, and survives one inside itself', () => {
  const doubling = Array.from({ length: 60 }, (_, i) => `fragment F${i} on T { ...F${i + 1} ...F${i + 1} }`);
  const bomb = parse(`{ a { ...F0 } } ${doubling.join(' ')} fragment F60 on T { id }`);
  expect(measure(bomb).selections).toBe(2 ** 60 + 1);
  const cycle = parse('{ a { ...F } } fragment F on T { b { ...G } } fragment G on T { c { ...F } }');
  expect(measure(cycle).depth).toBeLessThan(5);
});

test('takes what is at the limit and names what is above it', () => {
  const aliases = (count: number) =>
    parse(`{ f { ${Array.from({ length: count }, (_, i) => `a${i}: id`).join(' ')} } }`);
  expect(excess(aliases(defaultLimits.aliases), defaultLimits)).toBe(null);
  expect(excess(aliases(defaultLimits.aliases + 1), defaultLimits)).toMatchObject({
    message: 'The operation has 31 aliases; 30 are allowed',
    extensions: { code: 'OPERATION_LIMIT_EXCEEDED', limit: 'aliases', allowed: 30 },
  });
});
