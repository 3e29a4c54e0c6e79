import { rm } from 'node:fs/promises';
import { principalWith } from '@dotmac/harness';
import { type Attribute, packetCodes, RadSecClient } from '@dotmac/radius';
import { type Certificate, TestAuthority } from '@dotmac/radius/certificates';
import { installed } from '@dotmac/radius/free-radius';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';
import type { TestService } from '../testing/subscribers.ts';

describe.skipIf(!installed('openssl', 'version'))('NASes that come over TLS', () => {
  let isp: TestNetwork;
  let authority: TestAuthority;
  let ours: Certificate;
  let a: Certificate;
  let b: Certificate;
  let stranger: Certificate;
  let ada: TestService;
  const nasIds: Record<string, string> = {};
  const clients: RadSecClient[] = [];
  beforeAll(async () => {
    authority = await TestAuthority.create();
    ours = await authority.issue('radius.example');
    a = await authority.issue('a.example');
    b = await authority.issue('b.example');
    stranger = await authority.issue('stranger.example');
    isp = await startTestNetwork();
    ada = await isp.order();
    expect(await setRadSec({ ...server(), authorities: authority.authority.cert })).toMatchObject({
      connectionsEnded: 0,
      radSec: { listening: true, failure: null, certificates: [{ subject: 'CN=radius.example' }] },
    });
    nasIds.a = await register('a', { certificateName: 'A.Example' });
    nasIds.b = await register('b', { certificateName: 'b.example' });
    await isp.tenant.eventually(
      () => isp.explain(ada.username, ada.password),
      ({ decision }) => decision === 'ACCEPT',
    );
    await known(nasIds.b);
  });
  afterAll(async () => {
    await isp?.[Symbol.asyncDispose]();
    if (authority !== undefined) await rm(authority.folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });

  const server = (of: Certificate = ours) => ({ certificate: of.cert, privateKey: of.key });
  const fields =
    '... on SetRadSecResult { fingerprint connectionsEnded radSec { enabled listening failure revokes certificates { subject } authorities { subject } } }';
  async function setRadSec(input: object) {
    const plan = await isp.mutate('setRadSec', { ...input, mode: 'PLAN' }, fields);
    if (plan.__typename !== 'SetRadSecResult') return plan;
    const applied = await isp.mutate(
      'setRadSec',
      { ...input, mode: 'APPLY', fingerprint: plan.fingerprint },
      fields,
    );
    // The selection is resolved after the door has opened.
    return { ...applied, connectionsEnded: plan.connectionsEnded };
  }
  async function register(name: string, input: object): Promise<string> {
    const nas = await isp.mutate(
      'registerNas',
      { name, profile: 'mikrotik', ...input },
      '... on Nas { id sourceAddress }',
    );
    expect(nas).toMatchObject({ __typename: 'Nas', sourceAddress: '::' });
    return String(nas.id);
  }
  const known = (id: string) =>
    isp.tenant.eventually(
      async () => isp.module.nasOf(id),
      (nas) => nas !== null,
    );
  function client(certificate: Certificate): RadSecClient {
    const opened = new RadSecClient({
      host: '127.0.0.1',
      port: isp.server.radSec?.port ?? 0,
      serverName: 'radius.example',
      key: certificate.key,
      cert: certificate.cert,
      ca: authority.authority.cert,
    });
    clients.push(opened);
    return opened;
  }
  const login = (by: RadSecClient, more: readonly Attribute[] = [], password = ada.password) =>
    by.exchange({
      code: packetCodes['Access-Request'],
      replyCodes: [packetCodes['Access-Accept'], packetCodes['Access-Reject']],
      messageAuthenticator: true,
      attributes: [
        { name: 'User-Name', value: ada.username },
        { name: 'User-Password', value: password },
        { name: 'Calling-Station-Id', value: ada.mac },
        ...more,
      ],
    });
  const account = (by: RadSecClient, id: string, status: 'Start' | 'Stop', octets = 0) =>
    by.exchange({
      code: packetCodes['Accounting-Request'],
      replyCodes: [packetCodes['Accounting-Response']],
      messageAuthenticator: true,
      attributes: [
        { name: 'Acct-Status-Type', value: status },
        { name: 'Acct-Session-Id', value: id },
        { name: 'User-Name', value: ada.username },
        { name: 'Calling-Station-Id', value: ada.mac },
        { name: 'Acct-Output-Octets', value: octets },
        // Whatever it says of itself.
        { name: 'NAS-IP-Address', value: '127.0.0.1' },
      ],
    });
  interface Shown {
    sessions: {
      edges: { node: { nas: { name: string } | null; downstreamOctets: string; stoppedAt: string | null } }[];
    };
    radSec: {
      connections: { nas: { name: string }; address: string; protocol: string; certificateNames: string[] }[];
    };
    nases: {
      name: string;
      radSecConnections: { address: string }[];
      health: { accepts: number; problems: { kind: string }[] };
    }[];
    radiusProblems: { kind: string; sourceAddress: string; advice: string }[];
  }
  const shown = () =>
    isp.tenant.data<Shown>(
      'network',
      `{ sessions(first: 9) { edges { node { nas { name } downstreamOctets stoppedAt } } }
         radSec { connections { nas { name } address protocol certificateNames } }
         nases { name radSecConnections { address } health { accepts problems { kind } } }
         radiusProblems { kind sourceAddress advice } }`,
    );

  test('log in and account by their certificate, wherever they come from and whatever they say', async () => {
    const by = client(a);
    const { reply } = await login(by, [{ name: 'NAS-IP-Address', value: '127.0.0.1' }]);
    expect(reply?.code).toBe(packetCodes['Access-Accept']);
    expect(reply?.attributes.find(({ name }) => name === 'Mikrotik-Rate-Limit')?.value).toBe('10M/50M');
    expect((await login(by, [], 'a guess')).reply?.code).toBe(packetCodes['Access-Reject']);
    expect((await account(by, '91', 'Start')).reply?.code).toBe(packetCodes['Accounting-Response']);
    expect((await account(by, '91', 'Stop', 4_711)).reply?.code).toBe(packetCodes['Accounting-Response']);
    const { sessions, radSec, nases } = await shown();
    expect(sessions.edges).toMatchObject([
      { node: { nas: { name: 'a' }, downstreamOctets: '4711', stoppedAt: expect.any(String) } },
    ]);
    expect(radSec.connections).toMatchObject([
      { nas: { name: 'a' }, address: '127.0.0.1', protocol: 'TLSv1.3', certificateNames: ['a.example'] },
    ]);
    expect(nases.find(({ name }) => name === 'a')).toMatchObject({
      radSecConnections: [{ address: '127.0.0.1' }],
      health: { accepts: 1 },
    });
  });

  test('one that is nobody’s is named with what to do; once registered by its fingerprint it is let in', async () => {
    await expect(login(client(stranger))).rejects.toMatchObject({ name: 'DeviceError' });
    const { radiusProblems } = await shown();
    const problem = radiusProblems.find(({ kind }) => kind === 'RADSEC_UNKNOWN_CERTIFICATE');
    expect(problem).toMatchObject({
      sourceAddress: '127.0.0.1',
      advice: expect.stringContaining('"stranger.example"'),
    });
    const fingerprint = /SHA-256 ([0-9A-F:]{95})/.exec(problem?.advice ?? '')?.[1] ?? '';
    const id = await register('newcomer', {
      certificateFingerprint: fingerprint.replaceAll(':', '').toLowerCase(),
    });
    await known(id);
    expect((await login(client(stranger))).reply?.code).toBe(packetCodes['Access-Accept']);
  });

  test('the certificate of one NAS does not speak for another', async () => {
    const [byA, byB] = [client(a), client(b)];
    await account(byB, 'of-b', 'Start');
    // The same session id, from another NAS: its own session, and b's goes on.
    await account(byA, 'of-b', 'Stop', 1);
    await byA.exchange({
      code: packetCodes['Accounting-Request'],
      replyCodes: [packetCodes['Accounting-Response']],
      messageAuthenticator: true,
      attributes: [
        { name: 'Acct-Status-Type', value: 'Accounting-Off' },
        { name: 'NAS-Identifier', value: 'b' },
      ],
    });
    const live = (await shown()).sessions.edges.filter(({ node }) => node.stoppedAt === null);
    expect(live).toMatchObject([{ node: { nas: { name: 'b' } } }]);
    await account(byB, 'of-b', 'Stop');
  });

  test('a certificate that is taken from its NAS ends the connection, and another’s is not taken twice', async () => {
    const by = client(b);
    expect((await login(by)).reply?.code).toBe(packetCodes['Access-Accept']);
    const update = (input: object) =>
      isp.mutate(
        'updateNas',
        { id: nasIds.b, ...input },
        '... on Nas { certificateName certificateFingerprint }',
      );
    expect(await update({ certificateName: 'a.example' })).toMatchObject({ code: 'CONFLICT' });
    expect(await update({ certificateName: null })).toMatchObject({ code: 'VALIDATION' });
    expect(await update({ certificateName: 'elsewhere.example' })).toMatchObject({
      certificateName: 'elsewhere.example',
      certificateFingerprint: null,
    });
    await isp.tenant.eventually(
      async () => (await shown()).radSec.connections.map(({ nas }) => nas.name),
      (names) => !names.includes('b'),
    );
    await expect(login(by)).rejects.toMatchObject({ name: 'DeviceError' });
    await update({ certificateName: 'b.example' });
    await isp.tenant.eventually(
      async () =>
        isp.module.policy.findNasOfCertificate?.({
          names: ['b.example'],
          fingerprint: '',
          issuer: '',
          validTo: 0,
        }),
      (nas) => nas?.id === nasIds.b,
    );
    expect((await login(client(b))).reply?.code).toBe(packetCodes['Access-Accept']);
  });

  test('our own certificate is renewed under open connections; other authorities, a revocation and a closed door end them', async () => {
    const [first, second] = [client(a), client(b)];
    await login(first);
    await login(second);
    const renewed = await authority.issue('radius.example');
    expect(await setRadSec(server(renewed))).toMatchObject({ connectionsEnded: 0 });
    expect((await login(first)).reply?.code).toBe(packetCodes['Access-Accept']);
    expect(await setRadSec({ revocations: await authority.revoke(b) })).toMatchObject({
      connectionsEnded: 2,
      radSec: { revokes: true },
    });
    // One request may be lost to the end of its connection.
    const again = await login(first).catch(() => login(first));
    expect(again.reply?.code).toBe(packetCodes['Access-Accept']);
    await expect(login(client(b))).rejects.toMatchObject({ name: 'DeviceError' });
    expect(await setRadSec({ revocations: '' })).toMatchObject({ radSec: { revokes: false } });
    const foreign = await TestAuthority.create();
    await setRadSec({ authorities: foreign.authority.cert });
    await expect(login(client(a))).rejects.toMatchObject({ name: 'DeviceError' });
    await rm(foreign.folder, { recursive: true, force: true });
    expect(await setRadSec({ enabled: false })).toMatchObject({
      radSec: { enabled: false, listening: false },
    });
    expect(isp.server.radSec?.port).toBeNull();
    expect(await setRadSec({ authorities: authority.authority.cert })).toMatchObject({
      radSec: { enabled: true, listening: true },
    });
    expect((await login(client(a))).reply?.code).toBe(packetCodes['Access-Accept']);
  });

  test('what cannot be used is named; who may not, may not; the key is never shown', async () => {
    const refusal = (input: object) =>
      isp.mutate('setRadSec', { mode: 'PLAN', ...input }, '... on ValidationError { field }');
    expect(await refusal({ certificate: a.cert })).toMatchObject({ field: 'input.privateKey' });
    expect(await refusal({ ...server(), privateKey: a.key })).toMatchObject({ field: 'input.privateKey' });
    expect(await refusal({ authorities: a.cert })).toMatchObject({ field: 'input.authorities' });
    expect(await refusal({ certificate: 'what' })).toMatchObject({ field: 'input.certificate' });
    expect(await refusal({ revocations: 'what' })).toMatchObject({ field: 'input.revocations' });
    expect(await refusal({ mode: 'APPLY' })).toMatchObject({ field: 'input.fingerprint' });
    expect(await refusal({ mode: 'APPLY', fingerprint: 'other' })).toMatchObject({
      __typename: 'StalePlanError',
    });
    const nas = (input: object) =>
      isp.mutate(
        'registerNas',
        { name: 'c', profile: 'generic', ...input },
        '... on ValidationError { field }',
      );
    expect(await nas({})).toMatchObject({ field: 'input.sourceAddress' });
    expect(await nas({ sourceAddress: '192.0.2.9' })).toMatchObject({ field: 'input.secret' });
    expect(await nas({ certificateName: '*.example' })).toMatchObject({ field: 'input.certificateName' });
    expect(await nas({ certificateFingerprint: 'ab' })).toMatchObject({
      field: 'input.certificateFingerprint',
    });
    expect(await nas({ certificateName: 'a.example' })).toMatchObject({ code: 'CONFLICT' });
    const forbidden = await isp.tenant.ask(
      'network',
      'mutation { setRadSec(input: { mode: PLAN }) { __typename } }',
      {},
      principalWith('network:read'),
    );
    expect(JSON.stringify(forbidden)).toContain('network:write');
    const stored = await isp.tenant.services.database.selectFrom('network.radsec').selectAll().execute();
    expect(stored.map(({ privateKey }) => Buffer.from(privateKey).toString('latin1')).join()).not.toContain(
      'PRIVATE',
    );
  });
});
