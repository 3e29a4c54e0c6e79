import { fileURLToPath } from 'node:url';
import { systemClock } from '@dotmac/device';
import { accessPoint, accessSwitch, siteUps, startSnmpAgents, towerRouter } from '@dotmac/lab/snmp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { probeTargets } from './run.ts';

let lab: Awaited<ReturnType<typeof startSnmpAgents>>;
const clock = { now: () => 0 };

beforeAll(async () => {
  lab = await startSnmpAgents(
    [towerRouter, accessPoint, accessSwitch, siteUps, { ...towerRouter, id: 'away' }],
    { clock },
  );
  lab.agents[4]?.setSilent(true);
});
afterAll(() => lab.close());

async function* targets(extra: readonly string[] = []) {
  for (const { id, host, port } of lab.agents) {
    yield JSON.stringify({ id, host, port, snmp: { version: '2c', community: 'public' } });
  }
  yield* extra;
}

interface Reading {
  readonly class: string;
  readonly oid: string;
  readonly name: string;
  readonly value: number;
  readonly severity?: string;
}
interface Line {
  readonly id: string | null;
  readonly error?: { code: string; message: string };
  readonly identity: Record<string, string | null>;
  readonly interfaces: readonly Record<string, unknown>[];
  readonly processors: readonly unknown[];
  readonly memory: readonly { name: string; usedBytes: string | null; totalBytes: string | null }[];
  readonly sensors: readonly Reading[];
  readonly wireless: readonly Reading[];
}

async function probe(
  lines: AsyncIterable<string>,
  deviceMilliseconds = 20_000,
): Promise<Map<string | null, Line>> {
  const found = new Map<string | null, Line>();
  await probeTargets(
    lines,
    (line) => {
      const parsed = JSON.parse(line) as Line;
      expect(found.has(parsed.id)).toBe(false);
      found.set(parsed.id, parsed);
    },
    { clock: systemClock, deviceMilliseconds },
  );
  return found;
}

test('every target gets one line: what it is and reads, or why not', async () => {
  const found = await probe(targets());
  expect(found.size).toBe(5);
  const router = found.get('tower-router');
  expect(router?.identity).toMatchObject({
    vendor: 'MikroTik',
    os: 'routeros',
    model: 'RB5009UPr+S+',
    version: '7.15.3',
    serial: 'HLAB0000001',
  });
  expect(router?.interfaces[0]).toMatchObject({
    ifName: 'sfp-sfpplus1',
    speedBps: '10000000000',
    inOctets: '918273645546',
  });
  expect(router?.sensors).toContainEqual(
    expect.objectContaining({ class: 'voltage', oid: '1.3.6.1.4.1.14988.1.1.3.8.0', value: 24.1 }),
  );
  const point = found.get('access-point');
  expect(point?.identity).toMatchObject({ vendor: 'Ubiquiti', os: 'airos', model: 'Rocket 5AC Lite' });
  expect(point?.wireless.map(({ class: kind, value }) => `${kind} ${value}`)).toEqual(
    expect.arrayContaining(['frequency 5685', 'noise-floor -93', 'clients 31', 'distance 9']),
  );
  expect(found.get('access-switch')).toMatchObject({
    identity: { vendor: 'DotMac Lab', model: 'LS-24', serial: 'LS24-0001', version: '4.2.1' },
    sensors: expect.arrayContaining([
      expect.objectContaining({ class: 'temperature', name: 'board', value: 41.5 }),
    ]),
  });
  const ups = found.get('site-ups');
  expect(ups?.sensors.map((it) => `${it.class} ${it.name} ${it.value} ${it.severity ?? ''}`.trim())).toEqual(
    expect.arrayContaining([
      'state battery status 2 ok',
      'charge battery charge 100',
      'voltage battery voltage 54.5',
    ]),
  );
  expect(found.get('away')).toEqual({
    id: 'away',
    error: { code: 'timeout', message: expect.stringMatching(/No answer/) },
  });
});

test('a line that is no target is named with what would be right, and the others go on', async () => {
  const bad = JSON.stringify({ id: 'x', host: '127.0.0.1', port: 161, snmp: { version: '4' } });
  const found = await probe(targets(['{', bad]), 5_000);
  expect(found.size).toBe(7);
  expect(found.get(null)?.error).toMatchObject({
    code: 'internal',
    message: expect.stringMatching(/^line 6: /),
  });
  expect(found.get('x')?.error?.message).toBe('line 7: version must be one of 1, 2c, 3');
  expect(found.has('tower-router')).toBe(true);
});

test('a device out of time reports what it gave so far', async () => {
  const slow = await startSnmpAgents([{ ...towerRouter, id: 'slow', quirks: ['nobulk'] }], { clock });
  try {
    async function* only() {
      const [agent] = slow.agents;
      const snmp = { version: '2c', community: 'public' };
      yield JSON.stringify({ id: 'slow', host: agent?.host, port: agent?.port, snmp });
    }
    const line = (await probe(only(), 1_500)).get('slow');
    expect(line?.error).toBeUndefined();
    expect(line?.identity.vendor).toBe('MikroTik');
    expect(JSON.stringify(line)).toMatch(/"warnings":\[".+"/);
  } finally {
    await slow.close();
  }
});

test('a recording of snmpd on Debian is a Linux box with processors, memory and ports', async () => {
  const recording = fileURLToPath(new URL('../../../../test/lab/data/debian-snmpd.snmprec', import.meta.url));
  const replay = await startSnmpAgents([{ id: 'debian', recording }], { clock });
  try {
    async function* only() {
      const { id, host, port } = replay.agents[0] ?? { id: '', host: '', port: 0 };
      yield JSON.stringify({ id, host, port, snmp: { version: '2c', community: 'public' } });
    }
    const line = (await probe(only())).get('debian');
    expect(line?.identity).toMatchObject({ vendor: null, os: 'linux', sysName: 'lab-server' });
    expect(line?.interfaces).toMatchObject([{ ifName: 'lo' }, { ifName: 'eth0', mac: '02:00:5e:60:00:01' }]);
    expect(line?.processors).toHaveLength(2);
    const pools = new Map(line?.memory.map((pool) => [pool.name, pool]));
    const physical = pools.get('Physical memory');
    expect(pools.get('Memory buffers')?.totalBytes).toBe(physical?.totalBytes);
    expect(BigInt(physical?.usedBytes ?? 0)).toBeLessThan(BigInt(physical?.totalBytes ?? 0));
  } finally {
    await replay.close();
  }
});
