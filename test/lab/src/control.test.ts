import { expect, test } from 'vitest';
import { createLabControl } from './control.ts';
import type { LabNetwork } from './network.ts';

test('what an accept carries is told as text, its octets in hex', async () => {
  const attributes = [
    { name: 'Message-Authenticator', oid: '80', value: Buffer.from('ff00a1'.padEnd(32, '0'), 'hex') },
    { name: 'Framed-IP-Address', oid: '8', value: '100.64.0.2' },
  ];
  const login = async () => ({ accepted: true, reason: null, replyMessage: null, attributes, session: null });
  const app = createLabControl(new Map([['alpha', { nas: { login } } as unknown as LabNetwork]]));
  const answer = await app.inject({
    method: 'POST',
    url: '/alpha/login',
    payload: { username: 'ada', password: 'x' },
  });
  expect(answer.json().attributes).toEqual([
    { name: 'Message-Authenticator', value: `0x${'ff00a1'.padEnd(32, '0')}` },
    { name: 'Framed-IP-Address', value: '100.64.0.2' },
  ]);
  await app.close();
});
