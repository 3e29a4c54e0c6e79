import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { principalWith } from '@dotmac/harness';
import { makeCertificates } from '@dotmac/radius/certificates';
import { installed } from '@dotmac/radius/free-radius';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { radiusSecret } from '../testing/access-router.ts';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';
import type { TestService } from '../testing/subscribers.ts';

const available = installed('eapol_test') && installed('openssl', 'version');

describe.skipIf(!available)('subscribers who log in by EAP, with eapol_test as their peer', () => {
  let isp: TestNetwork;
  let certificates: Awaited<ReturnType<typeof makeCertificates>>;
  let ada: TestService;
  beforeAll(async () => {
    certificates = await makeCertificates(['radius.example', 'ada.example', 'mallory.example']);
    isp = await startTestNetwork();
    ada = await isp.order('pln_50', 'ada.example');
    await isp.tenant.eventually(
      () => isp.explain(ada.username, ada.password),
      ({ decision }) => decision === 'ACCEPT',
    );
  });
  afterAll(async () => {
    await isp?.[Symbol.asyncDispose]();
    if (certificates !== undefined) await rm(certificates.folder, { recursive: true, force: true });
  });

  /** What eapol_test says; `keys`: whether the MPPE keys must be right on both sides. */
  async function eapol(network: string, { keys = true, mac = ada.mac } = {}): Promise<string> {
    const file = join(certificates.folder, `peer-${Math.random()}.conf`);
    await writeFile(file, `network={\nkey_mgmt=WPA-EAP\n${network}\n}\n`);
    const where = ['-a', '127.0.0.1', '-p', String(isp.server.authPort), '-s', radiusSecret];
    const options = ['-c', file, ...where, '-M', mac, '-t', '20', ...(keys ? [] : ['-n'])];
    return new Promise((resolve) =>
      execFile('eapol_test', options, { maxBuffer: 1e8 }, (_, out) => resolve(out)),
    );
  }
  const succeeded = (out: string) => out.trimEnd().endsWith('SUCCESS');
  const user = (identity: string, password: string) => `identity="${identity}"\npassword="${password}"`;
  const tunnel = () =>
    `ca_cert="${certificates.authority.certFile}"\nanonymous_identity="anonymous@example.net"`;
  const fields = '... on SetEapResult { fingerprint eap { methods certificates { subject } } }';
  async function setEap(input: object) {
    const plan = await isp.mutate('setEap', { ...input, mode: 'PLAN' }, fields);
    return isp.mutate('setEap', { ...input, mode: 'APPLY', fingerprint: plan.fingerprint }, fields);
  }
  const server = () => {
    const { cert, key } = certificates.issued['radius.example'] as { cert: string; key: string };
    return { certificate: cert, privateKey: key };
  };

  test('without a word of the tenant: MSCHAPv2 and MD5, with the policy of every login behind them', async () => {
    const good = await eapol(`eap=MSCHAPV2\n${user(ada.username, ada.password)}`);
    expect(succeeded(good), good.slice(-2000)).toBe(true);
    expect(succeeded(await eapol(`eap=MD5\n${user(ada.username, ada.password)}`, { keys: false }))).toBe(
      true,
    );
    expect(succeeded(await eapol(`eap=MSCHAPV2\n${user(ada.username, 'a guess')}`))).toBe(false);
    expect(succeeded(await eapol(`eap=PEAP\n${tunnel()}\n${user(ada.username, ada.password)}`))).toBe(false);
  });

  test('an accept is made a round before it is sent, and tells its own session while others log in', async () => {
    const bob = await isp.order('pln_50', 'bob.example');
    await isp.tenant.eventually(
      () => isp.explain(bob.username, bob.password),
      ({ decision }) => decision === 'ACCEPT',
    );
    let over = false;
    const others = (async () => {
      while (!over) await isp.nas.login(bob.username, bob.password, { mac: bob.mac });
    })();
    const out = await eapol(`eap=MSCHAPV2\n${user(ada.username, ada.password)}`).finally(() => {
      over = true;
    });
    await others;
    const token = /Attribute 25 \(Class\)[^\n]*\n\s+Value: ([0-9a-f]+)/.exec(out)?.[1] ?? '';
    expect(Buffer.from(token, 'hex').toString('latin1')).toMatch(
      new RegExp(`^1:${ada.serviceId}:[0-9a-f]{16}$`),
    );
  });

  test('with a certificate: PEAP, TTLS, and TLS for the login that the client’s certificate names', async () => {
    const offered = await setEap({
      methods: ['PEAP', 'TTLS', 'TLS'],
      ...server(),
      clientAuthorities: certificates.authority.cert,
    });
    expect(offered).toMatchObject({ eap: { certificates: [{ subject: 'CN=radius.example' }] } });
    for (const method of [
      'eap=PEAP\nphase2="auth=MSCHAPV2"',
      'eap=TTLS\nphase2="auth=PAP"',
      'eap=TTLS\nphase2="auth=MSCHAPV2"',
    ]) {
      const good = await eapol(`${method}\n${tunnel()}\n${user(ada.username, ada.password)}`);
      expect(succeeded(good), `${method} ${good.slice(-2000)}`).toBe(true);
      expect(good).toMatch(/MPPE keys OK: 1 {2}mismatch: 0/);
    }
    const withCertificate = (name: string) => {
      const { keyFile, certFile } = certificates.issued[name] as { keyFile: string; certFile: string };
      return `eap=TLS\nidentity="ada.example"\nca_cert="${certificates.authority.certFile}"\nclient_cert="${certFile}"\nprivate_key="${keyFile}"`;
    };
    expect(succeeded(await eapol(withCertificate('ada.example')))).toBe(true);
    // Signed by the right authority, for somebody else.
    expect(succeeded(await eapol(withCertificate('mallory.example')))).toBe(false);
  });

  test('a locked service is in the garden by EAP as by anything else', async () => {
    await isp.lock(ada, ['BILLING']);
    await isp.tenant.eventually(
      () => isp.explain(ada.username, ada.password),
      ({ decision }) => decision === 'WALLED_GARDEN',
    );
    const out = await eapol(`eap=TTLS\nphase2="auth=PAP"\n${tunnel()}\n${user(ada.username, ada.password)}`);
    expect(succeeded(out)).toBe(true);
    expect(out).toContain(Buffer.from('dotmac-suspended').toString('hex'));
    await isp.lock(ada, []);
  });

  test('a voucher is redeemed inside a tunnel, by one line only', async () => {
    const code = 'AB12-CD34-EF56-GH79';
    const codeHash = createHash('sha256').update(code.replaceAll('-', '')).digest('hex');
    await isp.append({
      ...isp.about('vch_eap'),
      type: 'voucher.issued',
      payload: {
        voucherId: 'vch_eap',
        batchId: 'vcb_1',
        codeHash,
        amountMinor: '500',
        currency: 'USD',
        expiresOn: null,
        grants: { planId: 'pln_50', seconds: 3600, octets: null },
      },
    });
    await isp.tenant.eventually(
      () => isp.explain(code),
      ({ steps }) => steps.some(({ fact }) => fact.includes('voucher')),
    );
    const first = 'cc:2d:e0:22:00:01';
    const asPassword = `eap=TTLS\nphase2="auth=PAP"\n${tunnel()}\n${user('guest', code)}`;
    const begun = await eapol(asPassword, { mac: first });
    expect(succeeded(begun), begun.slice(-2000)).toBe(true);
    const asName = `eap=PEAP\nphase2="auth=MSCHAPV2"\n${tunnel()}\n${user(code, code)}`;
    const again = await eapol(asName, { mac: first });
    expect(succeeded(again), again.slice(-2000)).toBe(true);
    // Its Session-Timeout is what is left of the hour.
    expect(again).toMatch(/Attribute 27 \(Session-Timeout\) length=6\n\s+Value: 3[56]\d\d/);
    expect(succeeded(await eapol(asPassword, { mac: 'cc:2d:e0:22:00:02' }))).toBe(false);
  });

  test('what cannot be offered is named; who may not, may not; the key is never shown', async () => {
    const refusal = (input: object) => isp.mutate('setEap', { mode: 'PLAN', ...input }, fields);
    const { cert } = certificates.issued['ada.example'] as { cert: string };
    expect(await refusal({ methods: ['PEAP'], certificate: cert })).toMatchObject({
      message: expect.stringContaining('comes with its key'),
    });
    expect(await refusal({ methods: ['PEAP'], ...server(), certificate: cert })).toMatchObject({
      message: expect.stringContaining('not the key of this certificate'),
    });
    expect(await refusal({ methods: ['PEAP'], certificate: 'what' })).toMatchObject({
      message: expect.stringContaining('no PEM'),
    });
    expect(await refusal({ methods: ['TLS'], ...server(), clientAuthorities: cert })).toMatchObject({
      message: expect.stringContaining('no authority'),
    });
    expect(await refusal({ methods: ['MD5', 'MD5'] })).toMatchObject({ code: 'VALIDATION' });
    const stale = { mode: 'APPLY', fingerprint: 'other', methods: ['MD5'] };
    expect(await isp.mutate('setEap', stale, fields)).toMatchObject({ __typename: 'StalePlanError' });
    const forbidden = await isp.tenant.ask(
      'network',
      'mutation { setEap(input: { mode: PLAN, methods: [] }) { __typename } }',
      {},
      principalWith('network:read'),
    );
    expect(JSON.stringify(forbidden)).toContain('network:write');
    const { rows } = await isp.tenant.services.database
      .selectFrom('network.eap')
      .select('privateKey')
      .execute()
      .then((all) => ({
        rows: all.map(({ privateKey }) => Buffer.from(privateKey ?? []).toString('latin1')),
      }));
    expect(rows.join()).not.toContain('PRIVATE KEY');
  });
});
