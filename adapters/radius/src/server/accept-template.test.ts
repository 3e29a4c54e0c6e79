import { expect, test } from 'vitest';
import { decodeAttributes } from '../attribute/decode.ts';
import { standardDictionary } from '../dictionary/standard.ts';
import { acceptBlock, acceptTemplate } from './accept-template.ts';

const decoded = (blocks: readonly Uint8Array[]) =>
  Object.fromEntries(
    decodeAttributes(Buffer.concat(blocks), standardDictionary()).map(({ name, value }) => [name, value]),
  );

test('every login gets the same attributes, its own interval and a Class nobody else has', () => {
  const template = acceptTemplate([{ name: 'Mikrotik-Rate-Limit', value: '10M/50M' }]);
  const own = acceptBlock([{ name: 'Framed-IP-Address', value: '192.0.2.7' }]);
  const classes = new Set<string>();
  // More logins than one filling of the pool of random octets serves.
  for (let login = 0; login < 1_000; login++) {
    const sent = decoded(
      template.forLogin({ interimSeconds: 270 + (login % 60), classPrefix: ['1:', 'svc_1', ':'], own }),
    );
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

test('one template serves users with prefixes of any length, and with nothing of their own', () => {
  const template = acceptTemplate([]);
  for (const classPrefix of ['1:a:', '1:bcd:', '1:a:']) {
    const sent = decoded(template.forLogin({ interimSeconds: 300, classPrefix: [classPrefix], own: null }));
    expect(Object.keys(sent)).toEqual(['Acct-Interim-Interval', 'Class']);
    expect(Buffer.from(sent.Class as Uint8Array).toString()).toMatch(
      new RegExp(`^${classPrefix}[0-9a-f]{16}$`),
    );
  }
});

test('a Class that does not fit is refused', () => {
  const login = { interimSeconds: 300, classPrefix: ['x'.repeat(240)], own: null };
  expect(() => acceptTemplate([]).forLogin(login)).toThrow('258 octets');
});
