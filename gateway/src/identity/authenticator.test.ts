import type { IncomingMessage } from 'node:http';
import { createApiKey, generateSigningKey, signToken } from '@dotmac/platform';
import { anonymous } from '@dotmac/schema';
import { describe, expect, test } from 'vitest';
import type { Registry } from '../registry/registry.ts';
import { emptyRegistryData, indexRegistry, type RegistryData } from '../registry/snapshot.ts';
import { blockListOf } from './address.ts';
import { Authenticator } from './authenticator.ts';
import { InternalTokens } from './internal-token.ts';

const platformKey = generateSigningKey('platform-1');
const key = createApiKey('test');
const person = { ...anonymous, kind: 'user', id: 'usr_1', tenantId: 'ten_a', roles: ['NOC'] } as const;
const membership = { accountId: 'usr_1', tenantId: 'ten_a', partnerId: null, role: 'NOC', expiresAt: null };
const start = 1_800_000_000_000;
const data: RegistryData = {
  ...emptyRegistryData,
  apiKeys: [
    {
      id: key.id,
      hash: Buffer.from(key.hash).toString('base64'),
      name: 'key',
      tenantId: 'ten_a',
      partnerId: null,
      scopes: ['billing:read'],
      allowedAddresses: ['192.0.2.0/24'],
      expiresAt: start + 60_000,
      revoked: false,
      trustedDocumentsOnly: false,
    },
  ],
  verificationKeys: [{ id: 'platform-1', publicPem: platformKey.publicPem, tenantId: null }],
  memberships: [membership],
};

function world() {
  const time = { now: start };
  const clock = { now: () => time.now };
  let snapshot = indexRegistry(data, () => undefined);
  const registry = { current: () => snapshot } as unknown as Registry;
  const ask = (authenticator: Authenticator, authorization: string, address = '192.0.2.1', headers = {}) =>
    authenticator.identify({
      headers: { authorization: `Bearer ${authorization}`, ...headers },
      socket: { remoteAddress: address },
    } as unknown as IncomingMessage);
  return {
    time,
    clock,
    ask,
    authenticator: new Authenticator(registry, clock, blockListOf([])),
    change: (changed: Partial<RegistryData>) => {
      snapshot = indexRegistry({ ...data, ...changed }, () => undefined);
    },
    token: () =>
      signToken(person, {
        key: platformKey.key,
        audience: 'gateway',
        issuer: 'dotmac',
        lifetimeSeconds: 600,
        clock,
      }),
  };
}

describe('a caller who was established', () => {
  test('is the same object until something changes, so that internal tokens are found', async () => {
    const { authenticator, ask, token, clock, change } = world();
    const text = await token();
    const { caller } = await ask(authenticator, text);
    const again = ask(authenticator, text);
    expect(again).not.toBeInstanceOf(Promise);
    expect((await again).caller).toBe(caller);
    const tokens = new InternalTokens(generateSigningKey('gateway').key, clock);
    const signed = await tokens.tokenFor(caller.principal, 'ten_a', 'billing');
    expect(tokens.tokenFor(caller.principal, 'ten_a', 'billing')).toBe(signed);
    expect(await tokens.tokenFor({ ...caller.principal }, 'ten_a', 'billing')).toBe(signed);
    expect(await tokens.tokenFor(caller.principal, 'ten_a', 'network')).not.toBe(signed);
    change({ memberships: [{ ...membership, role: 'OWNER' }, membership] });
    expect((await ask(authenticator, text)).caller).not.toBe(caller);
  });

  test.each([
    ['the membership ends', { memberships: [] }],
    ['the verification key is retired', { verificationKeys: [] }],
  ])('is nobody once %s', async (_, changed) => {
    const { authenticator, ask, token, change } = world();
    const text = await token();
    await ask(authenticator, text);
    change(changed);
    await expect(ask(authenticator, text)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    change({});
    await expect(ask(authenticator, text)).resolves.toMatchObject({ caller: { principal: { id: 'usr_1' } } });
  });

  test('is nobody once the token expires', async () => {
    const { authenticator, ask, token, time } = world();
    const text = await token();
    await ask(authenticator, text);
    time.now += 599_000;
    await ask(authenticator, text);
    time.now += 1_000;
    await expect(ask(authenticator, text)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  test('by an API key is nobody from another address, in another tenant, after a revocation, after its expiry', async () => {
    const { authenticator, ask, change, time } = world();
    await ask(authenticator, key.text);
    await expect(ask(authenticator, key.text, '198.51.100.1')).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const elsewhere = { 'x-dotmac-tenant': 'other' };
    await expect(ask(authenticator, key.text, '192.0.2.1', elsewhere)).rejects.toMatchObject({
      code: 'TENANT_FORBIDDEN',
    });
    await expect(ask(authenticator, `${key.text.slice(0, -1)}!`)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
    change({ apiKeys: data.apiKeys.map((entry) => ({ ...entry, revoked: true })) });
    await expect(ask(authenticator, key.text)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    change({});
    await ask(authenticator, key.text);
    time.now += 60_000;
    await expect(ask(authenticator, key.text)).rejects.toMatchObject({
      message: 'The API key has expired',
    });
  });
});
