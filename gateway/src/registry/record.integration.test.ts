import { silentLogger } from '@dotmac/platform';
import { parse } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OperationBatch } from '../operation/operation-records.ts';
import { signatureOf } from '../operation/signature.ts';
import { eventually } from '../testing/eventually.ts';
import { startWorld, type World } from '../testing/world.ts';
import { startRegistry } from './registry.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const recorded = async () =>
  (
    await world.database.query<{ keyId: string; text: string }>(
      `select key_id as "keyId", text from identity.recorded_operation join identity.recorded_document using (hash)
       order by last_seen_at, hash`,
    )
  ).rows;

test('what keys run is recorded when a gateway ends at the latest; what people run is not', async () => {
  const { id, text: token } = await world.apiKey({ tenantId: 'ten_alpha', scopes: [] });
  const gateway = await world.another();
  const ask = async (query: string, as: string) =>
    (await world.query({ query }, { token: as, url: gateway.url })).status;
  await eventually(async () => expect(await ask('{ customer(id: "c1") { name } }', token)).toBe(200));
  await ask('{ customer(id: "c2") { name } }', token);
  await ask('{ nonsense }', token);
  await ask('{ whoAmI { id } }', await world.token({ id: 'usr_operator', roles: ['OPERATOR'] }));
  await gateway.stop();
  expect((await recorded()).filter(({ keyId }) => keyId === id)).toEqual([
    { keyId: id, text: '{\n  customer(id: "") {\n    name\n  }\n}' },
  ]);
});

test('of a key with too many operations the oldest are forgotten, and that they were is known', async () => {
  const { id } = await world.apiKey({ tenantId: 'ten_alpha', scopes: [] });
  await using registry = Object.assign(
    await startRegistry({ ...world.options.registry, logger: silentLogger }),
    {
      [Symbol.asyncDispose]() {
        return registry.stop();
      },
    },
  );
  const batch = (from: number, count: number): OperationBatch => ({
    operations: Array.from({ length: count }, (_, index) => ({
      ...signatureOf(parse(`{ a${from + index} }`)),
      keyId: id,
      operationName: '',
      seenAt: 1_700_000_000_000 + from + index,
    })),
    gaps: [],
  });
  const gone = { ...batch(0, 1), gaps: [{ keyId: 'key_gone', reason: 'TOO_LONG' as const, seenAt: 0 }] };
  await registry.operationsUsed({
    ...gone,
    operations: gone.operations.map((one) => ({ ...one, keyId: 'key_gone' })),
  });
  await registry.operationsUsed(batch(0, 500));
  const gaps = async () =>
    (await world.database.query('select key_id, reason from identity.operation_gap')).rows;
  expect(await gaps()).toEqual([]);
  await registry.operationsUsed(batch(500, 3));
  const kept = (await recorded()).filter(({ keyId }) => keyId === id).map(({ text }) => text);
  expect(kept).toHaveLength(500);
  expect(kept[0]).toBe('{\n  a3\n}');
  expect(await gaps()).toEqual([{ key_id: id, reason: 'TOO_MANY' }]);
});
