import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { releaseAddress, takeAddress } from '../address/store.ts';
import { allNases, insertNas } from '../nas/store.ts';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';

let isp: TestNetwork;
beforeAll(async () => {
  isp = await startTestNetwork();
});
afterAll(() => isp?.[Symbol.asyncDispose]());

const selection =
  '... on RadiusImportResult { fingerprint steps { kind name changes } rowErrors { table line message } }';

test('users and NASes come over after a dry run; what cannot is named by its row, and the subscriber logs in as before', async () => {
  const service = await isp.order('pln_50', 'ada');
  const content = `INSERT INTO radcheck (id, username, attribute, op, value) VALUES
(1,'ada','Cleartext-Password',':=','as ever'),
(2,'unknown','Cleartext-Password',':=','x'),
(3,'ada','Calling-Station-Id','==','CC2D.E000.0042');
INSERT INTO radreply (id, username, attribute, op, value) VALUES (1,'ada','Framed-IP-Address','=','100.64.0.40');
INSERT INTO nas (id, nasname, shortname, type, ports, secret, server, community, description) VALUES
(1,'192.0.2.50','bng-9','mikrotik',0,'an old secret',NULL,NULL,NULL),(2,'127.0.0.1','twice','other',0,'an old secret',NULL,NULL,NULL);`;
  const plan = await isp.mutate('importRadius', { mode: 'PLAN', content }, selection);
  expect(plan.steps).toEqual([
    { kind: 'NAS', name: 'bng-9', changes: ['registered at 192.0.2.50 as mikrotik'] },
    {
      kind: 'USER',
      name: 'ada',
      changes: ['password', 'address 100.64.0.40', 'MAC lock cc:2d:e0:00:00:42'],
    },
  ]);
  expect(plan.rowErrors).toMatchObject([
    { table: 'nas', line: 7 },
    { table: 'radcheck', line: 3 },
  ]);
  expect((await isp.accessOf(service.serviceId))?.address).toBe(service.address);
  const stale = await isp.mutate('importRadius', { mode: 'APPLY', content, fingerprint: 'old' }, selection);
  expect(stale.__typename).toBe('StalePlanError');
  await isp.mutate('importRadius', { mode: 'APPLY', content, fingerprint: plan.fingerprint }, selection);

  const login = await isp.nas.login('ada', 'as ever', { mac: 'cc:2d:e0:00:00:42' });
  expect(login.session?.address).toBe('100.64.0.40');
  expect((await isp.nas.login('ada', 'as ever', { mac: 'cc:2d:e0:00:00:43' })).accepted).toBe(false);
  await isp.tenant.eventually(
    async () => isp.module.policy.findNas('192.0.2.50'),
    (nas) => nas !== null,
  );
  const again = await isp.mutate('importRadius', { mode: 'PLAN', content }, selection);
  expect(again.steps).toEqual([{ kind: 'USER', name: 'ada', changes: ['password'] }]);
});

test('a table as CSV; one that does not exist is refused with those that do', async () => {
  const content =
    'nasname,shortname,type,secret\n192.0.2.60,bng-10,cisco,long enough\n192.0.2.0/24,all,other,long enough\n';
  const plan = await isp.mutate('importRadius', { mode: 'PLAN', content, table: 'nas' }, selection);
  expect(plan.steps).toHaveLength(1);
  expect(plan.rowErrors).toMatchObject([{ line: 3, message: expect.stringContaining('no single address') }]);
  const wrong = await isp.mutate('importRadius', { mode: 'PLAN', content, table: 'users' }, selection);
  expect(wrong).toMatchObject({
    __typename: 'ValidationError',
    message: expect.stringContaining('radcheck'),
  });
});

describe('somebody else is faster between the plan and its end', () => {
  const conflict = '... on ConflictError { reason field }';
  /** Applies the plan of `content` while `change` is under way: it ends when the import waits for it. */
  async function overtaken(content: string, change: (transaction: TestTransaction) => Promise<unknown>) {
    const { fingerprint } = await isp.mutate('importRadius', { mode: 'PLAN', content }, selection);
    const { database } = isp.tenant.services;
    let applied: Promise<Record<string, unknown>> | undefined;
    await database.transaction().execute(async (transaction) => {
      await change(transaction);
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(transaction);
      const pid = rows[0]?.pid;
      applied = isp.mutate(
        'importRadius',
        { mode: 'APPLY', content, fingerprint },
        `${selection} ${conflict}`,
      );
      await isp.tenant.eventually(
        async () =>
          (
            await sql`select 1 from pg_stat_activity where ${pid} = any(pg_blocking_pids(pid))`.execute(
              database,
            )
          ).rows.length,
        (waiting) => waiting > 0,
      );
    });
    return applied;
  }
  type TestTransaction = Parameters<
    Parameters<ReturnType<TestNetwork['tenant']['services']['database']['transaction']>['execute']>[0]
  >[0];
  const radcheck = (username: string) =>
    `INSERT INTO radcheck (id, username, attribute, op, value) VALUES\n(1,'${username}','Cleartext-Password',':=','imported');\n`;

  test('a login name that has become another service’s is stale, and no password changes', async () => {
    const [before, after] = [await isp.order('pln_50', 'eve'), await isp.order('pln_50', 'mallory')];
    const rename = (transaction: TestTransaction, { serviceId }: { serviceId: string }, username: string) =>
      transaction
        .updateTable('network.access')
        .set({ username })
        .where('serviceId', '=', serviceId)
        .execute();
    const answer = await overtaken(radcheck('eve'), async (transaction) => {
      await rename(transaction, before, 'eve.old');
      await rename(transaction, after, 'eve');
    });
    expect(answer).toMatchObject({ __typename: 'StalePlanError' });
    for (const { serviceId, password } of [before, after]) {
      const asked = { serviceId, reason: 'a look' };
      expect(
        await isp.mutate('revealAccessPassword', asked, '... on RevealedPassword { password }'),
      ).toMatchObject({ password });
    }
  });

  test('an address or a NAS that somebody has taken is a conflict that names the row; nothing is imported', async () => {
    const [grace, other] = [await isp.order('pln_50', 'grace'), await isp.order()];
    const address = '100.64.0.50';
    const taken = await overtaken(
      `${radcheck('grace')}INSERT INTO radreply (id, username, attribute, op, value) VALUES (1,'grace','Framed-IP-Address','=','${address}');`,
      async (transaction) => {
        await releaseAddress(transaction, other.serviceId, new Date());
        await takeAddress(transaction, other.serviceId, address, new Date());
      },
    );
    expect(taken).toMatchObject({ code: 'CONFLICT', reason: 'TAKEN_MEANWHILE', field: 'input.content' });
    expect(taken?.message).toContain('radcheck, line 2');
    expect((await isp.accessOf(grace.serviceId))?.address).toBe(grace.address);

    const nas =
      "INSERT INTO nas (id, nasname, shortname, type, secret) VALUES (1,'192.0.2.70','bng-70','other','an old secret');";
    const registered = await overtaken(nas, async (transaction) => {
      const [known] = await allNases(transaction);
      if (known === undefined) throw new Error('There is no NAS');
      await insertNas(transaction, {
        ...known,
        id: 'nas_faster',
        name: 'faster',
        sourceAddress: '192.0.2.70',
        createdAt: new Date(),
      });
    });
    expect(registered).toMatchObject({ code: 'CONFLICT', reason: 'TAKEN_MEANWHILE' });
    expect(registered?.message).toContain('nas, line 1');
  });
});
