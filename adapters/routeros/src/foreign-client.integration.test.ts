import { startRouterosSimulator, suspensionRules } from '@dotmac/lab/routeros';
import { RouterOSAPI } from 'node-routeros';
import { expect, onTestFinished, test } from 'vitest';
import { RouterosClient } from './client.ts';

/**
 * A client that we did not write, against the simulator: what both read alike is not a mistake they share. It only
 * stands versions before 7.18 and replies in whole segments (its defects, not the simulator's).
 */
test('node-routeros and our client read the same rows', async () => {
  const simulator = await startRouterosSimulator(
    {
      name: 'edge',
      version: '7.9',
      boardName: 'hAP ax3',
      serialNumber: 'HG1',
      users: [{ name: 'dotmac', password: 'secret' }],
      interfaces: [{ name: 'ether1', comment: 'uplink' }, { name: 'ether2' }],
      rows: suspensionRules,
    },
    { chunking: 'whole' },
  );
  const { host, port } = simulator;
  const foreign = new RouterOSAPI({ host, port, user: 'dotmac', password: 'secret', timeout: 5 });
  const ours = new RouterosClient({ host, port, credential: { username: 'dotmac', password: 'secret' } });
  onTestFinished(async () => {
    await ours.close();
    await foreign.close();
    await simulator.close();
  });
  await foreign.connect();
  simulator.router.addSession({
    username: 'ada',
    address: '100.64.9.9',
    callerId: 'AA:BB:CC:00:11:22',
    rateLimit: '1M/2M',
  });

  const secret = ['=name=bob', '=password=x', '=comment=dotmac:sub-1'];
  const [added] = (await foreign.write('/ppp/secret/add', secret)) as { ret: string }[];
  expect(added?.ret).toBe('*1');
  await foreign.write('/ppp/secret/set', ['=.id=*1', '=disabled=yes']);
  await expect(foreign.write('/ppp/secret/add', secret)).rejects.toThrow('already exists');
  await expect(foreign.write('/system/nothing/print', [])).rejects.toThrow('no such command prefix');

  for (const menu of [
    '/ppp/secret',
    '/queue/simple',
    '/ip/firewall/filter',
    '/ip/firewall/address-list',
    '/system/routerboard',
  ]) {
    const theirs = (await foreign.write(`${menu}/print`, [])) as Record<string, string>[];
    const { rows } = await ours.run(`${menu}/print`);
    expect(rows.map((row) => ({ ...row }))).toEqual(theirs.map((row) => ({ ...row })));
    expect(theirs.length).toBeGreaterThan(0);
  }
});
