import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { systemClock } from '@dotmac/device';
import { describe, expect, test } from 'vitest';
import { knockTcp, knockUdp } from './knock.ts';
import { SystemReach } from './probe.ts';
import type { Run } from './programs.ts';

const never = new AbortController().signal;
const at = (path: string) =>
  ['/usr/bin', '/bin', '/usr/sbin', '/sbin'].some((folder) => existsSync(`${folder}/${path}`));

describe.each(['FPING', 'PING'] as const)("the system's %s", (method) => {
  test.skipIf(!at(method.toLowerCase()))('finds this machine', async () => {
    const reach = new SystemReach({ clock: systemClock, loopback: true, methods: [method] });
    const looks = await Promise.all(
      ['127.0.0.1', '127.0.0.9', 'localhost'].map((host) => reach.look(host, never)),
    );
    // Where the kernel or the container forbids ICMP, the program says so and there is no result.
    for (const look of looks)
      if (look !== null)
        expect(look).toMatchObject({ method, verdict: 'REACHABLE', rttMilliseconds: expect.any(Number) });
  });
});

const nothingThere: Run = async () => ({ stdout: '', stderr: '', code: null, missing: true });

test('without the programs an open or a closed port is evidence, and says so', async () => {
  const server = createServer((socket) => socket.end());
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  try {
    expect(await knockTcp('127.0.0.1', port, 2_000, never)).toMatchObject({
      answered: true,
      words: `TCP port ${port} is open`,
    });
  } finally {
    await new Promise((done) => server.close(done));
  }
  expect(await knockTcp('127.0.0.1', port, 2_000, never)).toMatchObject({
    answered: true,
    words: `TCP port ${port} is closed, and the host says so`,
  });
  expect(await knockUdp('127.0.0.1', port, 2_000, never)).toMatchObject({ answered: true });
  const reach = new SystemReach({ clock: systemClock, loopback: true, run: nothingThere });
  expect(await reach.look('127.0.0.1', never)).toMatchObject({
    method: expect.stringMatching(/^(TCP|UDP)$/),
    verdict: 'REACHABLE',
  });
});

test('this machine says nothing about any device, and a name without an address neither', async () => {
  const reach = new SystemReach({ clock: systemClock, run: nothingThere });
  for (const host of ['127.0.0.1', '::1', 'localhost', 'no-such-host.invalid'])
    expect(await reach.look(host, never)).toBeNull();
});

test('many looks are one process; a program that may not ping is not run again', async () => {
  const runs: (readonly string[])[] = [];
  const run: Run = async (program, words) => {
    runs.push([program, ...words]);
    if (program === 'ping')
      return { stdout: '', stderr: 'ping: socket: Operation not permitted', code: 2, missing: false };
    const stderr = words
      .filter((word) => word.startsWith('192.0.2.'))
      .map((host) => `${host} : ${host.endsWith('.3') ? '- -' : '1.5 1.25'}`)
      .join('\n');
    return { stdout: '', stderr, code: 1, missing: false };
  };
  const reach = new SystemReach({ clock: { now: () => 7 }, run });
  const hosts = Array.from({ length: 40 }, (_, i) => `192.0.2.${i + 1}`);
  const looks = await Promise.all(hosts.map((host) => reach.look(host, never)));
  expect(runs).toHaveLength(1);
  expect(looks[0]).toEqual({
    host: '192.0.2.1',
    method: 'FPING',
    verdict: 'REACHABLE',
    rttMilliseconds: 1.25,
    detail: '2 of 2 echoes came back',
    observedAt: 7,
  });
  expect(looks[2]).toMatchObject({ verdict: 'SILENT', rttMilliseconds: null });

  const refused = new SystemReach({
    clock: systemClock,
    methods: ['PING', 'TCP'],
    loopback: true,
    run,
  });
  for (let round = 0; round < 3; round++)
    expect(await refused.look('127.0.0.1', never)).toMatchObject({ method: 'TCP' });
  expect(runs.filter(([program]) => program === 'ping')).toHaveLength(1);
});

test('a cancelled look ends without a result', async () => {
  const abort = new AbortController();
  const reach = new SystemReach({ clock: systemClock, loopback: true, methods: ['TCP', 'UDP'] });
  const looking = reach.look('127.0.0.1', abort.signal);
  abort.abort();
  expect(await looking).toBeNull();
});
