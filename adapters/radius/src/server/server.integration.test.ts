import { spawn, spawnSync } from 'node:child_process';
import { afterEach, describe, expect, test } from 'vitest';
import { verifyPassword } from '../authentication/verify.ts';
import { sharedSecret } from '../packet/shared-secret.ts';
import type { AccountingRecord } from './accounting-record.ts';
import type { Anomaly } from './anomaly.ts';
import type { Nas } from './nas.ts';
import type { RadiusPolicy } from './policy.ts';
import { type RadiusServer, startRadiusServer } from './server.ts';

const secret = 'testing123';
const nas: Nas = {
  id: 'nas-1',
  secrets: [sharedSecret(secret)],
  requireMessageAuthenticator: 'AUTO',
  limitProxyState: true,
};
const policy: RadiusPolicy = {
  findNas: (address) => (address === '127.0.0.1' ? nas : null),
  authenticate: (request) =>
    request.userName === 'alice' && verifyPassword(request, 'open sesame, with a longer password')
      ? {
          kind: 'ACCEPT',
          attributes: [
            { name: 'Framed-IP-Address', value: '100.64.0.9' },
            { name: 'Mikrotik-Rate-Limit', value: '25M/50M' },
            { name: 'Tunnel-Password', value: 's3cret', tag: 1 },
          ],
        }
      : { kind: 'REJECT', reason: 'BAD_PASSWORD', attributes: [{ name: 'Reply-Message', value: 'no' }] },
};

const hasRadclient = spawnSync('radclient', ['-v']).error === undefined;
let server: RadiusServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

describe.skipIf(!hasRadclient)('against radclient of FreeRADIUS', () => {
  test('PAP, CHAP and MS-CHAP: accepted with attributes, encrypted ones included; a wrong password is rejected', async () => {
    server = await startRadiusServer({
      policy,
      host: '127.0.0.1',
      authPort: 0,
      acctPort: null,
      rejectDelayMs: 0,
    });
    const pap = await radclient(
      'auth',
      server.authPort,
      'User-Name=alice,User-Password="open sesame, with a longer password"',
    );
    expect(pap).toContain('Received Access-Accept');
    expect(pap).toContain('Framed-IP-Address = 100.64.0.9');
    expect(pap).toContain('Mikrotik-Rate-Limit = "25M/50M"');
    expect(pap).toContain('Tunnel-Password:1 = "s3cret"');
    const chap = await radclient(
      'auth',
      server.authPort,
      'User-Name=alice,CHAP-Password="open sesame, with a longer password"',
    );
    expect(chap).toContain('Received Access-Accept');
    const msChap = await radclient(
      'auth',
      server.authPort,
      'User-Name=alice,MS-CHAP-Password="open sesame, with a longer password"',
    );
    expect(msChap).toContain('Received Access-Accept');
    expect(msChap).toContain('MS-CHAP-MPPE-Keys = 0x0000000000000000');
    const msChapWrong = await radclient('auth', server.authPort, 'User-Name=alice,MS-CHAP-Password=guess');
    expect(msChapWrong).toContain('E=691 R=0');
    const wrong = await radclient(
      'auth',
      server.authPort,
      'User-Name=alice,User-Password=wrong,Proxy-State=0x0102,Message-Authenticator=0x00',
    );
    expect(wrong).toContain('Received Access-Reject');
    expect(wrong).toContain('Proxy-State = 0x0102');
    expect(wrong).toContain('Reply-Message = "no"');
  });

  test('accounting is answered after the sink has committed; Status-Server on both ports', async () => {
    const records: AccountingRecord[] = [];
    server = await startRadiusServer({
      policy,
      host: '127.0.0.1',
      authPort: 0,
      acctPort: 0,
      accounting: { record: async (batch) => void records.push(...batch) },
    });
    const answer = await radclient(
      'acct',
      server.acctPort,
      'User-Name=alice,Acct-Status-Type=Stop,Acct-Session-Id=81,Acct-Input-Octets=7,Acct-Output-Octets=1,Acct-Output-Gigawords=2,Framed-IP-Address=100.64.0.9',
    );
    expect(answer).toContain('Received Accounting-Response');
    expect(records).toMatchObject([
      {
        status: 'STOP',
        sessionId: '81',
        userName: 'alice',
        upstreamOctets: 7n,
        downstreamOctets: 2n * 2n ** 32n + 1n,
        framedIpAddress: '100.64.0.9',
      },
    ]);
    expect(await radclient('status', server.authPort, 'Message-Authenticator=0x00')).toContain(
      'Received Access-Accept',
    );
    expect(await radclient('status', server.acctPort, 'Message-Authenticator=0x00')).toContain(
      'Received Accounting-Response',
    );
  });

  test('a wrong secret gets no answer and is reported with its address', async () => {
    const anomalies: Anomaly[] = [];
    server = await startRadiusServer({
      policy,
      host: '127.0.0.1',
      authPort: 0,
      acctPort: 0,
      accounting: { record: async () => {} },
      onAnomaly: (anomaly) => anomalies.push(anomaly),
    });
    const line = 'User-Name=alice,Acct-Status-Type=Start,Acct-Session-Id=1';
    expect(await radclient('acct', server.acctPort, line, 'wrong')).toContain('No reply');
    expect(anomalies).toMatchObject([
      { kind: 'BAD_AUTHENTICATOR', sourceAddress: '127.0.0.1', nasId: 'nas-1' },
    ]);
  });
});

async function radclient(
  type: string,
  port: number | null,
  attributes: string,
  withSecret = secret,
): Promise<string> {
  const child = spawn('radclient', ['-x', '-r', '1', '-t', '1', `127.0.0.1:${port}`, type, withSecret]);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  child.stdin.end(`${attributes}\n`);
  await new Promise((resolve) => child.on('close', resolve));
  return output;
}
