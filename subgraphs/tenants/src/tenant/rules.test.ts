import { expect, test } from 'vitest';
import { checkTenant } from './rules.ts';

const good = {
  slug: 'alpha',
  name: 'Alpha',
  timeZone: 'America/Toronto',
  currency: 'CAD',
  country: 'CA',
  ownerEmail: 'o@alpha.example',
};

test('a slug and an e-mail address become lower case', () => {
  expect(checkTenant({ ...good, slug: ' Alpha ', ownerEmail: 'O@Alpha.example' })).toEqual(good);
});

test.each([
  ['slug', 'a'],
  ['slug', '9lives'],
  ['slug', 'no spaces'],
  ['slug', 'platform'],
  ['name', ' '],
  ['timeZone', 'Mars/Olympus'],
  ['currency', 'dollars'],
  ['country', 'Canada'],
  ['ownerEmail', 'nobody'],
])('%s "%s" is refused by name', (field, value) => {
  expect(() => checkTenant({ ...good, [field]: value })).toThrow(
    expect.objectContaining({ field: `input.${field}` }),
  );
});
