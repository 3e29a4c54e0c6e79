import { systemClock } from '@dotmac/device';
import { startSnmpAgents, towerRouter } from '@dotmac/lab/snmp';
import { expect, test } from 'vitest';
import { SnmpEngine } from '../engine/engine.ts';
import { probeDevice } from '../probe/device.ts';
import { walkSession } from './agent.ts';
import { parseWalk } from './parse.ts';
import { recordTarget } from './record.ts';

test('a recording of a device reads like the device, and does not say whose it is', async () => {
  const lab = await startSnmpAgents([towerRouter], { clock: { now: () => 0 } });
  const engine = new SnmpEngine({ clock: systemClock });
  try {
    const { host, port } = lab.agents[0] ?? { host: '', port: 0 };
    const snmp = { version: '2c', community: 'public' } as const;
    const { text, warnings } = await recordTarget(JSON.stringify({ id: 'r', host, port, snmp }), {
      clock: systemClock,
    });
    expect(warnings).toEqual([]);
    expect(text).not.toContain(towerRouter.sysName);
    const options = { maxMilliseconds: 20_000 };
    const there = await probeDevice(engine.session({ host, port }, snmp), options);
    const recorded = await probeDevice(walkSession(parseWalk(text).objects, systemClock), options);
    expect({ ...recorded.identity, sysName: null }).toEqual({ ...there.identity, sysName: null });
    for (const section of ['processors', 'memory', 'sensors', 'wireless'] as const) {
      expect(recorded[section]).toEqual(there[section]);
    }
    const counters = (rows: typeof there.interfaces) =>
      rows.map(({ ifIndex, inOctets }) => ({ ifIndex, inOctets }));
    expect(counters(recorded.interfaces)).toEqual(counters(there.interfaces));
  } finally {
    await engine.close();
    await lab.close();
  }
});

test.each([
  ['no JSON', '{', SyntaxError],
  ['no credential', '{"id":"a","host":"127.0.0.1"}', TypeError],
])('a target that is %s is refused', async (_, line, kind) => {
  await expect(recordTarget(line, { clock: systemClock })).rejects.toThrow(kind);
});

test('a device that does not answer is an error, not an empty recording', async () => {
  const lab = await startSnmpAgents([towerRouter], { clock: { now: () => 0 } });
  try {
    const [agent] = lab.agents;
    agent?.setSilent(true);
    const line = JSON.stringify({
      id: 'r',
      host: agent?.host,
      port: agent?.port,
      snmp: { version: '2c', community: 'public' },
    });
    await expect(recordTarget(line, { clock: systemClock })).rejects.toMatchObject({ code: 'timeout' });
  } finally {
    await lab.close();
  }
});
