import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely';
import { expect, test } from 'vitest';
import type { NetworkServices } from '../builder.ts';
import { LeaseRecord } from './lease-record.ts';

test('a database that is away is told of once, and once when it is back, however often it is tried', async () => {
  let away = true;
  let tries = 0;
  const driver = new (class extends DummyDriver {
    override async acquireConnection() {
      tries++;
      if (away) throw new Error('away');
      return super.acquireConnection();
    }
  })();
  const database = new Kysely({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => driver,
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
  const told: string[] = [];
  const logger = {
    warn: (_about: object, words: string) => told.push(`warn: ${words}`),
    info: (_about: object, words: string) => told.push(`info: ${words}`),
  };
  const record = new LeaseRecord({ database, logger } as unknown as NetworkServices, null);
  const { signal } = new AbortController();
  const lease = { poolId: 'pol_1', kind: 'IPV4', serviceId: 'svc_1', mac: null, lentAt: 0 } as const;
  record.note([{ ...lease, prefix: '100.64.0.9/32', releasedAt: null }]);
  const tried = async (times: number) => {
    record.write(signal);
    return tries >= times;
  };
  await expect.poll(() => tried(5)).toBe(true);
  expect(told).toEqual(['warn: leases are written later']);
  away = false;
  await expect
    .poll(() => {
      record.write(signal);
      return record.isComplete;
    })
    .toBe(true);
  expect(told).toEqual(['warn: leases are written later', 'info: leases are written again']);
});
