import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PolicyNas } from '../aaa/policy-nas.ts';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';
import { resumeChanges } from './worker.ts';

let isp: TestNetwork;
beforeAll(async () => {
  isp = await startTestNetwork();
});
afterAll(() => isp?.[Symbol.asyncDispose]());

describe('money moves the network', () => {
  test('a lock reaches the live session by CoA and is verified by reading the router; lifting it restores', async () => {
    const service = await isp.order();
    const { session } = await isp.online(service);
    await isp.lock(service, ['BILLING']);
    const change = await isp.settled(service.serviceId, 1);
    expect(change).toMatchObject({ mode: 'WALLED_GARDEN', state: 'VERIFIED' });
    expect(change.steps.map((step) => `${step.kind} ${step.protocol}`)).toEqual([
      'PLAN radius',
      'APPLY radius',
      'VERIFY routeros',
    ]);
    expect(isp.nas.sessions.get(session.id)?.addressList).toBe('dotmac-suspended');
    expect(await isp.explain(service.username)).toMatchObject({ decision: 'WALLED_GARDEN' });
    await isp.lock(service, []);
    expect(await isp.settled(service.serviceId, 2)).toMatchObject({ mode: 'OPEN', state: 'VERIFIED' });
    expect(isp.nas.sessions.get(session.id)?.addressList).toBe('dotmac-active');
  });

  test('a login while locked lands in the walled garden', async () => {
    const service = await isp.order();
    await isp.lock(service, ['BILLING']);
    await isp.settled(service.serviceId, 1);
    const { login } = await isp.online(service);
    const list = login.attributes.find((attribute) => attribute.name === 'Mikrotik-Address-List');
    expect(list?.value).toBe('dotmac-suspended');
  });

  test('abuse ends the session, and the next login is refused', async () => {
    const service = await isp.order();
    const { session } = await isp.online(service);
    await isp.lock(service, ['ABUSE']);
    expect(await isp.settled(service.serviceId, 1)).toMatchObject({ mode: 'BLOCKED', state: 'VERIFIED' });
    expect(isp.nas.sessions.has(session.id)).toBe(false);
    expect((await isp.nas.login(service.username, service.password, { mac: service.mac })).accepted).toBe(
      false,
    );
    expect(await isp.explain(service.username)).toMatchObject({ decision: 'REJECT', reason: 'BLOCKED' });
  });

  test('another plan changes the speed of the live session without a drop', async () => {
    const service = await isp.order();
    const { session } = await isp.online(service);
    await isp.append({
      ...isp.about(service.serviceId),
      type: 'service.plan.changed',
      payload: {
        serviceId: service.serviceId,
        customerId: 'cus',
        fromPlanId: 'pln_50',
        planId: 'pln_100',
        on: '2026-11-22',
      },
    });
    expect(await isp.settled(service.serviceId, 1)).toMatchObject({ mode: 'OPEN', state: 'VERIFIED' });
    expect(isp.nas.sessions.get(session.id)?.shaping?.downstream.bitsPerSecond).toBe(100_000_000n);
  });

  test('a NAS that acknowledges and does nothing is found out, and the router is configured instead', async () => {
    const service = await isp.order();
    const { session } = await isp.online(service);
    isp.nas.setCoaBehaviour({ kind: 'lie' });
    try {
      await isp.lock(service, ['BILLING']);
      const change = await isp.settled(service.serviceId, 1);
      expect(change.state).toBe('VERIFIED');
      expect(change.steps.filter((step) => step.kind === 'APPLY').map((step) => step.protocol)).toContain(
        'routeros',
      );
      const listed = isp.router.router
        .rows('/ip/firewall/address-list')
        .filter((row) => row.list === 'dotmac-suspended' && row.address === session.address);
      expect(listed).toHaveLength(1);
    } finally {
      isp.nas.setCoaBehaviour({ kind: 'obey' });
    }
  });

  test('a router that lies as well is DIVERGED: suspended but online is never called done', async () => {
    const service = await isp.order();
    await isp.online(service);
    isp.nas.setCoaBehaviour({ kind: 'lie' });
    isp.router.behaviour.faultFor = (command) => (command.endsWith('/add') ? 'lie' : null);
    try {
      await isp.lock(service, ['BILLING']);
      const change = await isp.settled(service.serviceId, 1);
      expect(change).toMatchObject({ mode: 'WALLED_GARDEN', state: 'DIVERGED' });
      expect(change.evidence).toContain('is not on dotmac-suspended');
    } finally {
      isp.nas.setCoaBehaviour({ kind: 'obey' });
      isp.router.behaviour.faultFor = null;
    }
    // What it missed is brought when the device is seen to be back.
    await isp.append({
      ...isp.about(isp.deviceId),
      type: 'device.state.changed',
      payload: { deviceId: isp.deviceId, name: 'bng-1', from: 'OFFLINE', to: 'ONLINE', evidence: 'answers' },
    });
    const retried = await isp.settled(service.serviceId, 2);
    expect(retried).toMatchObject({ mode: 'WALLED_GARDEN', state: 'VERIFIED' });
  });

  test('several changes in a row end in the last one', async () => {
    const service = await isp.order();
    await isp.online(service);
    await isp.lock(service, ['BILLING']);
    await isp.lock(service, []);
    await isp.lock(service, ['BILLING']);
    await isp.lock(service, []);
    await isp.settled(service.serviceId, 4);
    const changes = await isp.changesOf(service.serviceId);
    expect(changes[0]).toMatchObject({ mode: 'OPEN', state: 'VERIFIED' });
    for (const older of changes.slice(1)) expect(['SUPERSEDED', 'VERIFIED']).toContain(older.state);
  });

  test('a change that a killed process left behind is taken up, beginning with a look at what is', async () => {
    const service = await isp.order();
    await isp.online(service);
    const { services } = isp.tenant;
    // As the crash left it: the router was told, nobody noted it, and the job waits for its expiry.
    await services.database
      .insertInto('network.accessChange')
      .values({
        id: `chg_left_by_${service.serviceId}`,
        serviceId: service.serviceId,
        mode: 'OPEN',
        shaping: JSON.stringify({
          downstream: { bitsPerSecond: '50000000' },
          upstream: { bitsPerSecond: '10000000' },
        }),
        because: 'test',
        actor: 'usr_test',
        state: 'REQUESTED',
        evidence: '',
        attempts: 1,
        requestedAt: new Date(services.clock.now()),
        progressedAt: new Date(services.clock.now()),
      })
      .execute();
    await resumeChanges(services);
    const change = await isp.settled(service.serviceId, 1);
    expect(change.state).toBe('VERIFIED');
    expect(change.steps.map((step) => step.kind)).toEqual(['VERIFY']);
  });

  test('silence is asked again, and the change comes through when the network answers', async () => {
    const service = await isp.order();
    await isp.online(service);
    isp.nas.setCoaBehaviour({ kind: 'ignore' });
    isp.router.behaviour.faultFor = () => 'reset-before';
    try {
      await isp.lock(service, ['BILLING']);
      // The run gave up for now, with the reason, and left the change on its way.
      const [silent] = await isp.tenant.eventually(
        () => isp.changesOf(service.serviceId),
        ([change]) => change !== undefined && !/overdue|^radius:/.test(change.evidence),
      );
      expect(silent?.state).toMatch(/REQUESTED|APPLIED/);
    } finally {
      isp.nas.setCoaBehaviour({ kind: 'obey' });
      isp.router.behaviour.faultFor = null;
    }
    expect(await isp.settled(service.serviceId, 1)).toMatchObject({ state: 'VERIFIED' });
  });

  test('a cancelled service is off, its address rests', async () => {
    const service = await isp.order();
    const { session } = await isp.online(service);
    await isp.append({
      ...isp.about(service.serviceId),
      type: 'service.cancelled',
      payload: { serviceId: service.serviceId, customerId: 'cus', on: '2026-11-22' },
    });
    expect(await isp.settled(service.serviceId, 1)).toMatchObject({ mode: 'BLOCKED', state: 'VERIFIED' });
    expect(isp.nas.sessions.has(session.id)).toBe(false);
    expect(await isp.explain(service.username)).toMatchObject({ reason: 'UNKNOWN_USER' });
    expect((await isp.accessOf(service.serviceId))?.address).toBeNull();
  });
});

describe('by hand', () => {
  test('a plan says what would happen; applying it needs its fingerprint', async () => {
    const service = await isp.order();
    const { session } = await isp.online(service);
    isp.nas.sessions.get(session.id);
    const fields =
      '... on ApplyAccessResult { wanted fingerprint ways { protocol risk steps { command } } change { id state } }';
    const input = { serviceId: service.serviceId, mode: 'PLAN' };
    const plan = await isp.mutate('applyAccess', input, fields);
    expect(plan).toMatchObject({ change: null, wanted: expect.stringContaining('OPEN') });
    expect(plan.ways).toMatchObject([{ protocol: 'radius' }, { protocol: 'routeros' }]);
    const stale = await isp.mutate('applyAccess', { ...input, mode: 'APPLY', fingerprint: 'other' }, fields);
    expect(stale).toMatchObject({ __typename: 'StalePlanError' });
    const applied = await isp.mutate(
      'applyAccess',
      { ...input, mode: 'APPLY', fingerprint: plan.fingerprint },
      fields,
    );
    expect(applied).toMatchObject({ change: { state: 'REQUESTED' } });
    expect(await isp.settled(service.serviceId, 1)).toMatchObject({ state: 'VERIFIED' });
  });

  test('a session is ended after a look at how', async () => {
    const service = await isp.order();
    const { session } = await isp.online(service);
    const sessionId = (await isp.accessOf(service.serviceId))?.session?.id;
    const fields =
      '... on DisconnectSessionResult { fingerprint outcome evidence steps { command } session { live } }';
    const plan = await isp.mutate('disconnectSession', { sessionId, mode: 'PLAN' }, fields);
    expect(plan).toMatchObject({ outcome: null, session: { live: true } });
    expect(isp.nas.sessions.has(session.id)).toBe(true);
    const { fingerprint } = plan;
    const done = await isp.mutate('disconnectSession', { sessionId, mode: 'APPLY', fingerprint }, fields);
    expect(done).toMatchObject({ outcome: 'applied' });
    expect(isp.nas.sessions.has(session.id)).toBe(false);
  });
});

describe('a NAS of which only RADIUS is known', () => {
  beforeAll(async () => {
    const data = await isp.tenant.data<{ nases: { id: string }[] }>('network', '{ nases { id } }');
    const alone = { id: data.nases[0]?.id, deviceId: null };
    const updated = await isp.mutate('updateNas', alone, '... on Nas { device { id } }');
    expect(updated).toMatchObject({ device: null });
    await isp.tenant.eventually(
      async () => (isp.module.policy.findNas('127.0.0.1') as PolicyNas | null)?.row.deviceId,
      (deviceId) => deviceId === null,
    );
    await isp.tenant.services.database.updateTable('network.access').set({ deviceId: null }).execute();
  });

  test('an acknowledged change is not called verified: nobody has seen it', async () => {
    const service = await isp.order();
    const { session } = await isp.online(service);
    await isp.lock(service, ['BILLING']);
    const change = await isp.settled(service.serviceId, 1);
    expect(change).toMatchObject({
      state: 'UNVERIFIED',
      evidence: expect.stringContaining('cannot be seen'),
    });
    expect(isp.nas.sessions.get(session.id)?.addressList).toBe('dotmac-suspended');
  });

  test('an ended session is verified by its accounting', async () => {
    const service = await isp.order();
    await isp.online(service);
    await isp.lock(service, ['LEGAL']);
    const change = await isp.settled(service.serviceId, 1);
    expect(change).toMatchObject({
      state: 'VERIFIED',
      evidence: expect.stringContaining('No session is up'),
    });
  });

  test('who is offline has no change to make, and gets it with his next login', async () => {
    const service = await isp.order();
    await isp.lock(service, ['BILLING']);
    const change = await isp.settled(service.serviceId, 1);
    expect(change).toMatchObject({ state: 'UNVERIFIED', evidence: expect.stringContaining('next login') });
    expect(change.steps).toEqual([]);
  });
});
