import { execFile } from 'node:child_process';
import { principalWith } from '@dotmac/harness';
import { startNas } from '@dotmac/lab/radius';
import { installed } from '@dotmac/radius/free-radius';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { radiusSecret } from '../testing/access-router.ts';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';
import type { TestService } from '../testing/subscribers.ts';
import { endRotationsOnce } from './rotation-end.ts';
import { NasWatch } from './watch.ts';

let isp: TestNetwork;
let ada: TestService;
let nasId: string;
const next = 'another-radius-secret';
const routers: { close(): Promise<void> }[] = [];
beforeAll(async () => {
  isp = await startTestNetwork();
  ada = await isp.order();
  await isp.tenant.eventually(
    () => isp.explain(ada.username, ada.password),
    ({ decision }) => decision === 'ACCEPT',
  );
  nasId = isp.module.policy.findNas('127.0.0.1')?.id ?? '';
});
afterAll(() => isp?.[Symbol.asyncDispose]());
afterEach(async () => {
  await Promise.all(routers.splice(0).map((router) => router.close()));
  const update = (change: object) => isp.mutate('updateNas', { id: nasId, ...change }, '... on Nas { id }');
  await update({ secret: radiusSecret });
  await update({ endSecretRotation: true });
  await isp.tenant.eventually(
    async () => isp.module.nasOf(nasId)?.secrets.map(({ bytes }) => String(Buffer.from(bytes))),
    (held) => held?.join() === radiusSecret,
  );
});

const rotationFields = 'secretRotation { secretInUse endsAt currentHeardAt previousHeardAt } secretRotating';
/** Plans, then applies what was planned. */
async function apply(field: string, input: object, selection = '') {
  const type = `${field.charAt(0).toUpperCase()}${field.slice(1)}Result`;
  const fields = `... on ${type} { fingerprint ${selection} nas { ${rotationFields} } } ... on ValidationError { field } ... on ConflictError { reason }`;
  const plan = await isp.mutate(field, { ...input, mode: 'PLAN' }, fields);
  if (plan.__typename !== type) return plan;
  const { fingerprint } = plan;
  const applied = await isp.mutate(field, { ...input, mode: 'APPLY', fingerprint }, fields);
  return applied;
}
const rotate = (secret: string, more: object = {}) =>
  apply('rotateNasSecret', { id: nasId, secret, ...more });
const end = () => apply('endNasSecretRotation', { id: nasId }, 'stillInUse previousHeardAt');
/** How many secrets the server takes from the NAS now. */
const secrets = () => isp.module.nasOf(nasId)?.secrets.length;
const taken = (count: number) =>
  isp.tenant.eventually(
    async () => secrets(),
    (now) => now === count,
  );
async function rotation() {
  const { nas } = await isp.tenant.data<{
    nas: { secretRotating: boolean; secretRotation: Record<string, string | null> | null };
  }>('network', `query ($id: ID!) { nas(id: $id) { ${rotationFields} } }`, { id: nasId });
  return nas.secretRotation;
}
/** A router at the address of the NAS. */
async function router(secret: string, coaPort?: number) {
  const opened = await startNas({
    secret,
    authHost: '127.0.0.1',
    authPort: isp.server.authPort ?? 0,
    acctPort: isp.server.acctPort ?? 0,
    waitsMs: [2_000],
    ...(coaPort === undefined ? {} : { coaPort }),
  });
  routers.push(opened);
  return opened;
}
async function events(type: string) {
  const rows = await isp.tenant.services.database
    .selectFrom('events.event')
    .select('payload')
    .where('type', '=', type)
    .orderBy('id')
    .execute();
  return rows.map(({ payload }) => payload as Record<string, unknown>);
}

test('both secrets hold, which one the NAS uses is seen and outlives the process, and CoA is signed with that one', async () => {
  const { session } = await isp.online(ada);
  expect(await rotate(radiusSecret)).toMatchObject({ field: 'input.secret' });
  expect(await rotate('short')).toMatchObject({ field: 'input.secret' });
  expect(await rotate(next, { overlapSeconds: 5 })).toMatchObject({ field: 'input.overlapSeconds' });
  expect(await rotate(next)).toMatchObject({
    nas: { secretRotating: true, secretRotation: { secretInUse: null } },
  });
  await taken(2);
  expect(await rotate('a third secret')).toMatchObject({ reason: 'ROTATION_RUNS' });
  expect(await events('nas.secret.rotated')).toMatchObject([{ nasId, previousUntil: expect.any(String) }]);

  // Before its first word: the router has the one it had.
  await isp.lock(ada, ['BILLING']);
  expect(await isp.settled(ada.serviceId, 1)).toMatchObject({ state: 'VERIFIED' });
  expect(isp.nas.sessions.get(session.id)?.addressList).toBe('dotmac-suspended');
  await isp.nas.interim(session.id);
  expect(await rotation()).toMatchObject({ secretInUse: 'PREVIOUS', currentHeardAt: null });
  expect(await end()).toMatchObject({ stillInUse: true, previousHeardAt: expect.any(String) });
  await taken(1);
  expect(await events('nas.secret.rotation.ended')).toMatchObject([
    { nasId, lastHeardAt: expect.any(String) },
  ]);
  expect(await isp.nas.interim(session.id)).toBe(0);
  expect((await isp.nas.login(ada.username, ada.password, { mac: ada.mac })).reason).toBe('NO_ANSWER');
  expect(await end()).toMatchObject({ reason: 'NO_ROTATION' });

  // Back again: the router answers CoA with the new current one only.
  await rotate(radiusSecret);
  await taken(2);
  expect(await isp.nas.interim(session.id)).toBe(1);
  expect(await rotation()).toMatchObject({ secretInUse: 'CURRENT', previousHeardAt: null });
  await isp.lock(ada, []);
  expect(await isp.settled(ada.serviceId, 2)).toMatchObject({ state: 'VERIFIED' });
  expect(isp.nas.sessions.get(session.id)?.addressList).toBe('dotmac-active');

  const { nasWatch } = isp.module;
  await nasWatch.keep(isp.tenant.services.database);
  const successor = new NasWatch();
  const ended = new AbortController();
  await successor.start(isp.tenant.services, ended.signal);
  ended.abort();
  expect(successor.health(nasId).secrets).toEqual(nasWatch.health(nasId).secrets);
  expect(await end()).toMatchObject({ stillInUse: false });
  await taken(1);
});

test('CHAP without Message-Authenticator proves no secret: it is answered with the one the NAS was last heard with', async () => {
  await rotate(next);
  await taken(2);
  const old = await router(radiusSecret);
  const unsigned = { mac: ada.mac, method: 'chap' } as const;
  expect((await old.login(ada.username, ada.password, unsigned)).reason).toBe('ACCEPTED');
  const renewed = await router(next);
  // PAP and accounting prove it.
  expect((await renewed.login(ada.username, ada.password, { mac: ada.mac })).reason).toBe('ACCEPTED');
  expect(await rotation()).toMatchObject({ secretInUse: 'CURRENT' });
  expect((await renewed.login(ada.username, ada.password, unsigned)).reason).toBe('ACCEPTED');
  await end();
  await taken(1);
});

test('the end comes on time without a word of the database; then what was kept is forgotten, once', async () => {
  const { services } = isp.tenant;
  const before = (await events('nas.secret.rotation.ended')).length;
  expect(await rotate(next, { overlapSeconds: 60 })).toMatchObject({ nas: { secretRotating: true } });
  await taken(2);
  const sooner = new Date(Date.now() + 1_000);
  await services.database
    .updateTable('network.nas')
    .set({ previousSecretUntil: sooner })
    .where('id', '=', nasId)
    .execute();
  // Any word of the NAS has the new end read.
  await isp.mutate('updateNas', { id: nasId, interimIntervalSeconds: 600 }, '... on Nas { id }');
  await taken(1);
  expect(Date.now()).toBeGreaterThanOrEqual(sooner.getTime());
  expect(await rotation()).toBeNull();
  const clock = { now: () => Date.now() };
  const forgotten = () => endRotationsOnce(services, isp.module.nasWatch, clock);
  // The module may have done so by itself a moment ago.
  await Promise.all([forgotten(), forgotten()]);
  expect(await forgotten()).toBe(0);
  const stored = await services.database
    .selectFrom('network.nas')
    .select(['previousSecret', 'previousSecretUntil'])
    .where('id', '=', nasId)
    .executeTakeFirstOrThrow();
  expect(stored).toEqual({ previousSecret: null, previousSecretUntil: null });
  expect(await events('nas.secret.rotation.ended')).toHaveLength(before + 1);
});

test.skipIf(!installed('radclient', '-v'))('radclient with the old and with the new secret', async () => {
  await rotate(next);
  await taken(2);
  const login = `User-Name = "${ada.username}"\nUser-Password = "${ada.password}"\nCalling-Station-Id = "${ada.mac}"\nMessage-Authenticator = 0x00\n`;
  const ask = (secret: string) =>
    new Promise<string>((resolve) => {
      const at = `127.0.0.1:${isp.server.authPort}`;
      const child = execFile('radclient', ['-x', '-r', '1', '-t', '3', at, 'auth', secret], (_, out) =>
        resolve(out),
      );
      child.stdin?.end(login);
    });
  expect(await ask(radiusSecret)).toContain('Received Access-Accept');
  expect(await rotation()).toMatchObject({ secretInUse: 'PREVIOUS' });
  expect(await ask(next)).toContain('Received Access-Accept');
  expect(await rotation()).toMatchObject({ secretInUse: 'CURRENT' });
  await end();
  await taken(1);
  expect(await ask(radiusSecret)).not.toContain('Received');
  expect(await ask(next)).toContain('Received Access-Accept');
});

test('a stale plan is refused, who may not write may not rotate, and no secret stands anywhere in clear', async () => {
  const stale = await isp.mutate(
    'rotateNasSecret',
    { id: nasId, secret: 'the fourth secret', mode: 'APPLY', fingerprint: 'of something else' },
    '',
  );
  expect(stale).toMatchObject({ __typename: 'StalePlanError' });
  for (const mutation of [
    `rotateNasSecret(input: { id: "${nasId}", mode: PLAN, secret: "the fourth secret" })`,
    `endNasSecretRotation(input: { id: "${nasId}", mode: PLAN })`,
  ]) {
    const refused = await isp.tenant.ask(
      'network',
      `mutation { ${mutation} { __typename } }`,
      {},
      principalWith('network:read'),
    );
    expect(JSON.stringify(refused)).toContain('network:write');
  }
  await rotate('the fourth secret');
  const { rows } = await isp.tenant.services.database
    .selectFrom('network.nas')
    .selectAll()
    .execute()
    .then((nases) => ({ rows: nases.map((nas) => [nas.secret, nas.previousSecret]) }));
  const kept = rows.flat().map((sealed) => Buffer.from(sealed ?? []).toString('latin1'));
  const told = JSON.stringify(
    await isp.tenant.services.database.selectFrom('events.event').selectAll().execute(),
    (_key, value) => (typeof value === 'bigint' ? String(value) : value),
  );
  for (const secret of ['the fourth secret', next, radiusSecret])
    expect([...kept, told].join()).not.toContain(secret);
});
