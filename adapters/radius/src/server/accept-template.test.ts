import { expect, test } from 'vitest';
import { decodeAttributes } from '../attribute/decode.ts';
import { standardDictionary } from '../dictionary/standard.ts';
import { acceptTemplate } from './accept-template.ts';

const decoded = (octets: Uint8Array) =>
  Object.fromEntries(decodeAttributes(octets, standardDictionary()).map(({ name, value }) => [name, value]));

test('every login gets the same attributes, its own interval and a Class nobody else has', () => {
  const template = acceptTemplate({
    attributes: [
      { name: 'Framed-IP-Address', value: '192.0.2.7' },
      { name: 'Mikrotik-Rate-Limit', value: '10M/50M' },
    ],
    classPrefix: '1:svc_1:',
  });
  const classes = new Set<string>();
  // More logins than one filling of the pool of random octets serves.
  for (let login = 0; login < 1_000; login++) {
    const sent = decoded(template.forLogin(270 + (login % 60)));
    expect(sent).toMatchObject({
      'Framed-IP-Address': '192.0.2.7',
      'Mikrotik-Rate-Limit': '10M/50M',
      'Acct-Interim-Interval': 270 + (login % 60),
    });
    const text = Buffer.from(sent.Class as Uint8Array).toString();
    expect(text).toMatch(/^1:svc_1:[0-9a-f]{16}$/);
    classes.add(text);
  }
  expect(classes.size).toBe(1_000);
});

test('a Class that does not fit is refused when the template is made', () => {
  expect(() => acceptTemplate({ attributes: [], classPrefix: 'x'.repeat(240) })).toThrow('258 octets');
});
