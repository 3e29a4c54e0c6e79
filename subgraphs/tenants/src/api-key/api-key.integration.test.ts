import { createHash } from 'node:crypto';
import { startTestRuntime, type TestRuntime } from '@dotmac/harness';
import type { PlatformDatabase } from '@dotmac/migrations';
import { generateSigningKey } from '@dotmac/platform';
import { anonymous, type PlatformEvents, type Principal, scopesOf } from '@dotmac/schema';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tenants } from '../index.ts';

const owner: Principal = {
  ...anonymous,
  kind: 'user',
  id: 'usr_1',
  tenantId: 'ten_1',
  roles: ['OWNER'],
  scopes: scopesOf(['OWNER']),
};
let runtime: TestRuntime<PlatformDatabase, PlatformEvents>;
beforeAll(async () => {
  const { key } = generateSigningKey('platform-1');
  runtime = await startTestRuntime('platform', (services) => [tenants(services, { identityKey: key })]);
});
afterAll(() => runtime[Symbol.asyncDispose]());

interface Key {
  readonly id: string;
  readonly scopes: readonly string[];
  readonly expiresAt: string | null;
  readonly rotatedFrom: string | null;
  readonly trustedDocumentsOnly: boolean;
}
const fields = 'id scopes allowedAddresses expiresAt rotatedFrom trustedDocumentsOnly';

async function mutate(name: string, inputType: string, input: object, selection: string, as = owner) {
  const query = `mutation ($input: ${inputType}!) { ${name}(input: $input) { __typename ${selection} } }`;
  const { data, errors } = await runtime.ask<Record<string, never>>('tenants', query, { input }, as);
  return { answer: (data as Record<string, never> | null)?.[name], errors };
}

async function create(input: object): Promise<{ apiKey: Key; text: string }> {
  const selection = `... on CreatedApiKey { text apiKey { ${fields} } }`;
  const { answer, errors } = await mutate('createApiKey', 'CreateApiKeyInput', input, selection);
  expect(errors).toBeUndefined();
  return answer as never;
}

const rotate = (input: object, as = owner) =>
  mutate(
    'rotateApiKey',
    'RotateApiKeyInput',
    input,
    `... on RotatedApiKey { text apiKey { ${fields} } previous { id expiresAt } } ... on Failure { code }`,
    as,
  );

describe('a rotation', () => {
  test('gives a key with the same rights, and lets the old one end after the overlap', async () => {
    const { apiKey, text } = await create({
      name: 'crm',
      scopes: ['billing:read'],
      allowedAddresses: ['192.0.2.0/24'],
      trustedDocumentsOnly: true,
    });
    const before = runtime.services.clock.now();
    const { answer } = await rotate({ id: apiKey.id, overlapSeconds: 3600 });
    const rotated = answer as unknown as {
      text: string;
      apiKey: Key;
      previous: { id: string; expiresAt: string };
    };
    expect(rotated.apiKey).toEqual({ ...apiKey, id: rotated.apiKey.id, rotatedFrom: apiKey.id });
    expect(rotated.text).not.toBe(text);
    expect(rotated.previous.id).toBe(apiKey.id);
    const end = Date.parse(rotated.previous.expiresAt);
    expect(end).toBeGreaterThanOrEqual(before + 3_600_000);
    expect(end).toBeLessThanOrEqual(runtime.services.clock.now() + 3_600_000);
  });

  test('is refused for a key of another owner, an overlap that is too long, and scopes its maker lacks', async () => {
    const { apiKey } = await create({ name: 'crm', scopes: ['billing:read'] });
    const stranger = { ...owner, tenantId: 'ten_2' };
    expect((await rotate({ id: apiKey.id }, stranger)).answer).toMatchObject({ code: 'NOT_FOUND' });
    const long = { id: apiKey.id, overlapSeconds: 91 * 86_400 };
    expect((await rotate(long)).answer).toMatchObject({ code: 'VALIDATION' });
    const poorer: Principal = { ...owner, scopes: ['tenant:keys:write'] };
    expect((await rotate({ id: apiKey.id }, poorer)).answer).toMatchObject({ code: 'VALIDATION' });
    const { errors } = await rotate({ id: apiKey.id }, { ...owner, roles: [], scopes: [] });
    expect(errors?.[0]?.extensions?.code).toBe('FORBIDDEN');
  });
});

describe('a manifest of trusted documents', () => {
  const text = 'query Now { __typename }';
  const id = createHash('sha256').update(text).digest('hex');
  const register = (documents: object[], as = owner) =>
    mutate(
      'registerTrustedDocuments',
      'RegisterTrustedDocumentsInput',
      { documents },
      '... on RegisteredTrustedDocuments { registered known } ... on Failure { code }',
      as,
    );

  test('is registered once per owner', async () => {
    expect((await register([{ id, text }])).answer).toMatchObject({ registered: 1, known: 0 });
    expect((await register([{ id, text }])).answer).toMatchObject({ registered: 0, known: 1 });
    const other = { ...owner, tenantId: 'ten_2' };
    expect((await register([{ id, text }], other)).answer).toMatchObject({ registered: 1, known: 0 });
    const { rows } = await sql<{ count: bigint }>`select count(*) from identity.trusted_document`.execute(
      runtime.services.database,
    );
    expect(Number(rows[0]?.count)).toBe(2);
  });

  test('with an id that is not the hash is refused', async () => {
    const wrong = [{ id: id.replace(/^./, (digit) => (digit === '0' ? '1' : '0')), text }];
    expect((await register(wrong)).answer).toMatchObject({ code: 'VALIDATION' });
  });
});
