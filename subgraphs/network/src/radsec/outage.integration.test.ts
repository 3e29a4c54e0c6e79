import { mkdtempSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDatabaseOutage } from '@dotmac/platform';
import { AccountingSpool, packetCodes, RadSecClient, startRadiusServer } from '@dotmac/radius';
import { TestAuthority } from '@dotmac/radius/certificates';
import { installed } from '@dotmac/radius/free-radius';
import { expect, test } from 'vitest';
import { startTestNetwork } from '../testing/network.ts';
import type { TestService } from '../testing/subscribers.ts';

test.skipIf(!installed('openssl', 'version'))(
  'PostgreSQL stops during accounting over TLS: every record is answered, and each octet is counted once',
  async () => {
    const authority = await TestAuthority.create();
    const ours = await authority.issue('radius.example');
    const theirs = await authority.issue('bng.example');
    const folder = mkdtempSync(join(tmpdir(), 'dotmac-radsec-outage-'));
    await using stack = new AsyncDisposableStack();
    stack.defer(() => rm(authority.folder, { recursive: true, force: true }));
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    const isp = stack.use(await startTestNetwork());
    const { policy, accountingSink, nasOf } = isp.module;
    const lost: unknown[] = [];
    // As a tenant's process has it.
    const spool = await AccountingSpool.open({
      sink: accountingSink,
      folder,
      retryMs: 50,
      findNas: nasOf,
      isOutage: isDatabaseOutage,
      onLost: (_record, reason) => lost.push(reason),
    });
    stack.defer(() => spool.close());
    const server = await startRadiusServer({
      policy,
      accounting: spool,
      host: '127.0.0.1',
      authPort: 0,
      acctPort: 0,
      rejectDelayMs: 0,
      radSec: { port: 0 },
    });
    stack.defer(() => server.close());
    await server.radSec?.use({ key: ours.key, cert: ours.cert, ca: authority.authority.cert });
    const { id } = await isp.mutate(
      'registerNas',
      { name: 'over TLS', profile: 'mikrotik', certificateName: 'bng.example' },
      '... on Nas { id }',
    );
    await isp.tenant.eventually(
      async () => nasOf(String(id)),
      (known) => known !== null,
    );
    const bng = new RadSecClient({
      host: '127.0.0.1',
      port: server.radSec?.port ?? 0,
      serverName: 'radius.example',
      key: theirs.key,
      cert: theirs.cert,
      ca: authority.authority.cert,
    });
    stack.defer(() => bng.close());

    const services = await Promise.all(Array.from({ length: 3 }, () => isp.order()));
    for (const { username, password } of services)
      await isp.tenant.eventually(
        () => isp.explain(username, password),
        ({ decision }) => decision === 'ACCEPT',
      );
    const octets = new Map(services.map(({ username }) => [username, 0]));
    const seconds = new Map(services.map(({ username }) => [username, 0]));
    const account = async ({ username, mac }: TestService, status: string, used: number) => {
      octets.set(username, (octets.get(username) ?? 0) + used);
      seconds.set(username, (seconds.get(username) ?? 0) + 60);
      const { reply } = await bng.exchange({
        code: packetCodes['Accounting-Request'],
        replyCodes: [packetCodes['Accounting-Response']],
        messageAuthenticator: true,
        attributes: [
          { name: 'Acct-Status-Type', value: status },
          { name: 'Acct-Session-Id', value: `of-${username}` },
          { name: 'User-Name', value: username },
          { name: 'Calling-Station-Id', value: mac },
          { name: 'Acct-Output-Octets', value: octets.get(username) ?? 0 },
          { name: 'Acct-Session-Time', value: seconds.get(username) ?? 0 },
        ],
      });
      expect(reply?.code, `${status} of ${username}`).toBe(packetCodes['Accounting-Response']);
    };
    const all = (status: string, used: number) =>
      Promise.all(services.map((service) => account(service, status, used)));
    await all('Start', 0);
    await all('Interim-Update', 1_000);

    await isp.tenant.postgres.suspend();
    for (let round = 0; round < 5; round++) await all('Interim-Update', 1_000_003);
    const [ends, ...stay] = services;
    if (ends === undefined) throw new Error('orders are missing');
    await account(ends, 'Stop', 11);
    expect(spool.spooling).toBe(true);
    await isp.tenant.postgres.resume();
    for (const service of stay) await account(service, 'Interim-Update', 7);

    const stored = await isp.tenant.eventually(
      () =>
        isp.tenant.services.database
          .selectFrom('network.session')
          .select(['username', 'downstreamOctets', 'stoppedAt', 'nasId'])
          .execute(),
      (sessions) =>
        !spool.spooling &&
        sessions.every(
          ({ username, downstreamOctets }) => Number(downstreamOctets) >= (octets.get(username) ?? 0),
        ),
    );
    const byName = (a: { username: string }, b: { username: string }) => a.username.localeCompare(b.username);
    expect(
      stored
        .map(({ downstreamOctets, stoppedAt, ...row }) => ({
          ...row,
          octets: Number(downstreamOctets),
          stopped: stoppedAt !== null,
        }))
        .sort(byName),
    ).toEqual(
      services
        .map((service) => ({
          username: service.username,
          nasId: id,
          octets: octets.get(service.username),
          stopped: service === ends,
        }))
        .sort(byName),
    );
    expect(lost).toEqual([]);
  },
);
