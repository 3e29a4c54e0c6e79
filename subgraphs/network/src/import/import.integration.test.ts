import { afterAll, beforeAll, expect, test } from 'vitest';
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
