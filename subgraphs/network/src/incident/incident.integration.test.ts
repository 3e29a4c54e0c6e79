import { DriverRegistry, systemClock } from '@dotmac/device';
import { startTestRuntime, type TestRuntime } from '@dotmac/harness';
import {
  accessPoint,
  accessSwitch,
  type RunningSnmpAgent,
  startSnmpAgents,
  towerRouter,
} from '@dotmac/lab/snmp';
import type { TenantDatabase } from '@dotmac/migrations';
import * as radius from '@dotmac/radius';
import type { TenantEvents } from '@dotmac/schema';
import { SnmpEngine, snmpDriver } from '@dotmac/snmp';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { network } from '../index.ts';

const engine = new SnmpEngine({ clock: systemClock, tries: 2 });
let lab: Awaited<ReturnType<typeof startSnmpAgents>>;
let tenant: TestRuntime<TenantDatabase, TenantEvents>;

beforeAll(async () => {
  const devices = [towerRouter, accessSwitch, accessPoint].map((device, index) => ({
    ...device,
    id: `device-${index}`,
  }));
  lab = await startSnmpAgents(
    [...devices, ...devices.map((device) => ({ ...device, id: `${device.id}-b` }))],
    { clock: systemClock },
  );
  tenant = await startTestRuntime<TenantDatabase, TenantEvents>('tenant', (services) => [
    network(services, {
      drivers: new DriverRegistry([snmpDriver(engine)]),
      radius,
      pollIntervalSeconds: 0.5,
    }),
  ]);
});
afterAll(async () => {
  await tenant?.[Symbol.asyncDispose]();
  await engine.close();
  await lab?.close();
});

function agent(index: number): RunningSnmpAgent {
  const found = lab.agents[index];
  if (found === undefined) throw new Error(`The lab has no agent ${index}`);
  return found;
}

async function register(name: string, { port }: RunningSnmpAgent, parentId?: string): Promise<string> {
  const data = await tenant.data<{ registerDevice: { id: string } }>(
    'network',
    `mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) { ... on Device { id } ... on Failure { message } } }`,
    { input: { name, parentId, snmp: { host: '127.0.0.1', port, community: 'public' } } },
  );
  const { id } = data.registerDevice;
  await tenant.eventually(
    () => tenant.data<{ device: { state: string } }>('network', `{ device(id: "${id}") { state } }`),
    ({ device }) => device.state === 'ONLINE',
  );
  return id;
}

/** Open services at a device; those with a number that three divides are online through the device's NAS. */
async function populate(prefix: string, count: number, deviceId: string): Promise<string[]> {
  const { database, clock } = tenant.services;
  const ids = Array.from({ length: count }, (_, index) => `${prefix}_${String(index).padStart(5, '0')}`);
  const now = new Date(clock.now());
  await sql`
    insert into network.access (service_id, customer_id, plan_id, username, password, device_id, mode, created_at)
    select id, 'cus_' || id, 'pln_1', 'user-' || id, '\\x00'::bytea, ${deviceId}, 'OPEN', ${now}
    from unnest(${ids}::text[]) id`.execute(database);
  await sql`
    insert into network.nas (id, name, device_id, source_address, secret, vendor_profile, coa_port, created_at)
    values (${`nas_${prefix}`}, ${prefix}, ${deviceId}, ${`10.9.${prefix.length}.${count % 250}`}, '\\x00'::bytea, 'mikrotik', 3799, ${now})`.execute(
    database,
  );
  await sql`
    insert into network.session (id, nas_id, native_id, username, service_id, device_id, started_at, updated_at)
    select 'ses_' || id, ${`nas_${prefix}`}, id, 'user-' || id, id, ${deviceId}, ${now}, ${now}
    from unnest(${ids.filter((_, index) => index % 3 === 0)}::text[]) id`.execute(database);
  return ids;
}

interface PlannedWork {
  readonly __typename: string;
  readonly id?: string;
  readonly fingerprint?: string;
  readonly coveredDevices?: readonly { readonly name: string }[];
  readonly affectedServiceCount?: number;
}

async function deviceId(name: string): Promise<string> {
  const row = await tenant.services.database
    .selectFrom('network.device')
    .select('id')
    .where('name', '=', name)
    .executeTakeFirstOrThrow();
  return row.id;
}

interface IncidentAnswer {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly summary: string;
  readonly root: { readonly name: string };
  readonly devices: readonly { readonly role: string; readonly device: { readonly name: string } }[];
  readonly affectedServiceCount: number;
  readonly affectedServices: {
    readonly edges: readonly { readonly node: { wasOnline: boolean; service: { id: string } } }[];
  };
  readonly evidence: readonly { readonly at: string; readonly source: string; readonly fact: string }[];
  readonly resolution: string | null;
}
const incidents = async (states?: readonly string[]) =>
  (
    await tenant.data<{ incidents: { edges: { node: IncidentAnswer }[] } }>(
      'network',
      `query ($states: [IncidentState!]) { incidents(states: $states) { edges { node { id kind state summary resolution
        root { name } devices { role device { name } } affectedServiceCount
        affectedServices(first: 1000) { edges { node { wasOnline service { id } } } }
        evidence { at source fact } } } } }`,
      { states },
    )
  ).incidents.edges.map((edge) => edge.node);

test('a tower with 500 services drops: one incident with the exact list, and it clears', async () => {
  const tower = await register('tower', agent(0));
  const sector = await register('sector', agent(1), tower);
  await register('camera', agent(2), sector);
  const atTower = await populate('svc_tower', 350, tower);
  const atSector = await populate('svc_sector', 160, sector);
  const elsewhere = await register('elsewhere', agent(3));
  await populate('svc_elsewhere', 20, elsewhere);
  // Not affected: cancelled, and connected elsewhere although its subscriber logs in at the tower.
  const { database } = tenant.services;
  const gone = atTower.slice(0, 5);
  const moved = atTower.slice(5, 10);
  await sql`update network.access set closed_at = now() where service_id = any(${gone}::text[])`.execute(
    database,
  );
  for (const serviceId of moved)
    await tenant.data(
      'network',
      `mutation { attachService(input: { serviceId: "${serviceId}", deviceId: "${elsewhere}" }) { __typename } }`,
    );
  const affected = [...atTower.slice(10), ...atSector];
  expect(affected).toHaveLength(500);

  const events = await tenant.subscribe(
    'network',
    `subscription { networkEvents(types: [INCIDENT_OPENED, INCIDENT_CHANGED, INCIDENT_RESOLVED]) { __typename subject
      ... on IncidentOpened { incident { id } affectedServiceCount }
      ... on IncidentResolved { because incidentState } } }`,
  );
  const opened = events.next();
  for (const index of [2, 1, 0]) agent(index).setSilent(true);
  expect((await opened).value).toMatchObject({
    data: { networkEvents: { __typename: 'IncidentOpened', affectedServiceCount: expect.any(Number) } },
  });
  const [incident] = await tenant.eventually(
    () => incidents(),
    ([first]) => first?.state === 'CONFIRMED' && first.devices.length === 3,
  );
  expect(await incidents()).toHaveLength(1);
  expect(incident).toMatchObject({ kind: 'OUTAGE', summary: 'tower is down', root: { name: 'tower' } });
  expect(incident?.devices.map(({ role, device }) => `${role} ${device.name}`).toSorted()).toEqual([
    'CHILD camera',
    'CHILD sector',
    'ROOT tower',
  ]);
  expect(incident?.affectedServiceCount).toBe(500);
  const listed = incident?.affectedServices.edges.map((edge) => edge.node) ?? [];
  expect(listed.map((one) => one.service.id).toSorted()).toEqual(affected.toSorted());
  expect(listed.filter((one) => one.wasOnline)).toHaveLength(
    affected.filter((id) => Number(id.slice(-5)) % 3 === 0).length,
  );
  expect(incident?.evidence.map((line) => line.fact)).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^tower: .*without an answer/),
      expect.stringMatching(/^500 services are connected behind it, \d+ of them were online/),
    ]),
  );

  for (const index of [0, 1, 2]) agent(index).setSilent(false);
  const [after] = await tenant.eventually(
    () => incidents(['RESOLVED']),
    (list) => list.length === 1,
  );
  expect(after).toMatchObject({ id: incident?.id, resolution: 'tower and everything behind it is back' });
  expect(await incidents(['SUSPECTED', 'CONFIRMED', 'CLEARING'])).toEqual([]);
  // What is committed is read once it has its place in the log.
  await tenant.services.events.flush();
  const told = await tenant.services.events.read(0n, {
    types: ['incident.opened', 'incident.updated', 'incident.resolved'],
  });
  expect(new Set(told.map((event) => event.subject)).size).toBe(1);
  expect(told.filter((event) => event.type === 'incident.opened')).toHaveLength(1);
  // One way through the states, none twice. A look that comes late may find more than the first silence, or the last answer.
  const states = told.map(({ payload }) => ('state' in payload ? payload.state : null));
  const way = states.filter((state, index) => state !== states[index - 1]);
  expect(way).toEqual(
    ['SUSPECTED', 'CONFIRMED', 'CLEARING', 'RESOLVED'].filter((state) => states.some((one) => one === state)),
  );
  expect(way).toEqual(expect.arrayContaining(['CONFIRMED', 'RESOLVED']));
  // Downtime is of those who were online when it began, and of nobody else.
  const downtimes = await tenant.services.events.read(0n, { types: ['service.downtime.recorded'] });
  expect(downtimes.map(({ subject }) => subject).toSorted()).toEqual(
    listed.flatMap((one) => (one.wasOnline ? [one.service.id] : [])).toSorted(),
  );
  for (const { payload } of downtimes)
    expect(payload).toMatchObject({ incidentId: incident?.id, summary: 'tower is down' });
  await events.return?.();
});

test('one session that goes on forbids "down": a monitoring fault that affects nobody', async () => {
  const id = await register('quiet', agent(4));
  await populate('svc_quiet', 12, id);
  agent(4).setSilent(true);
  const open = ['SUSPECTED', 'CONFIRMED', 'CLEARING'];
  await tenant.eventually(
    () => incidents(open),
    ([first]) => first?.state === 'CONFIRMED' && first.affectedServiceCount === 12,
  );
  const { database, clock } = tenant.services;
  await sql`update network.session set updated_at = ${new Date(clock.now())} where id = 'ses_svc_quiet_00003'`.execute(
    database,
  );
  const [fault] = await tenant.eventually(
    () => incidents(open),
    ([first]) => first?.kind === 'MONITORING_FAULT',
  );
  expect(fault).toMatchObject({ affectedServiceCount: 0, summary: 'quiet does not answer, yet it works' });
  expect(fault?.evidence.map((line) => line.fact)).toEqual(
    expect.arrayContaining([
      'the session of user-svc_quiet_00003 goes on through quiet',
      'nobody is cut off',
    ]),
  );

  const acknowledged = await tenant.data<Record<string, { acknowledgedBy: string; assignedTo: string }>>(
    'network',
    `mutation ($id: ID!) {
      acknowledgeIncident(input: { id: $id }) { ... on Incident { acknowledgedBy } }
      assignIncident(input: { id: $id, assignee: "night shift" }) { ... on Incident { acknowledgedBy assignedTo } } }`,
    { id: fault?.id },
  );
  expect(acknowledged.assignIncident).toEqual({ acknowledgedBy: 'usr_test', assignedTo: 'night shift' });
  agent(4).setSilent(false);
  await tenant.eventually(
    () => incidents(open),
    (list) => list.length === 0,
  );
});

test('what falls silent behind planned work is nobody’s incident', async () => {
  const mast = await register('mast', agent(5));
  await register('mast-sector', agent(3), mast);
  const now = tenant.services.clock.now();
  const sector = await deviceId('mast-sector');
  const behind = await populate('svc_mast', 3, sector);
  const schedule = (input: object) =>
    tenant.data<{ scheduleMaintenance: PlannedWork }>(
      'network',
      `mutation ($input: ScheduleMaintenanceInput!) { scheduleMaintenance(input: $input) { __typename ... on Failure { message }
        ... on MaintenanceWindow { id fingerprint coveredDeviceCount coveredDevices { name } affectedServiceCount
          affectedServices(first: 2) { edges { node { id } } pageInfo { hasNextPage } } openAlarmCount openIncidents { id } } } }`,
      { input },
    );
  const work = {
    deviceId: mast,
    startsAt: new Date(now - 1_000).toISOString(),
    endsAt: new Date(now + 3_600_000).toISOString(),
    because: 'new antenna',
  };
  const windows = () =>
    tenant.services.database
      .selectFrom('network.maintenanceWindow')
      .select('id')
      .where('deviceId', '=', mast)
      .execute();
  const { scheduleMaintenance: plan } = await schedule({ ...work, mode: 'PLAN' });
  expect(plan).toMatchObject({
    coveredDeviceCount: 2,
    affectedServiceCount: 3,
    affectedServices: {
      edges: behind.slice(0, 2).map((id) => ({ node: { id } })),
      pageInfo: { hasNextPage: true },
    },
    openAlarmCount: 0,
    openIncidents: [],
  });
  expect(plan.coveredDevices?.map(({ name }) => name).sort()).toEqual(['mast', 'mast-sector']);
  expect(await windows()).toEqual([]);
  const { fingerprint } = plan;
  const refused = async (input: object) =>
    (await schedule({ ...work, mode: 'APPLY', ...input })).scheduleMaintenance;
  expect(await refused({})).toMatchObject({
    __typename: 'ValidationError',
    message: expect.stringContaining('fingerprint'),
  });
  expect(await refused({ fingerprint, endsAt: new Date(now + 7_200_000).toISOString() })).toMatchObject({
    __typename: 'StalePlanError',
  });
  // The world moves: one more is connected there.
  const more = await populate('svc_mast_late', 1, sector);
  expect(await refused({ fingerprint })).toMatchObject({ __typename: 'StalePlanError' });
  expect(await windows()).toEqual([]);
  const { scheduleMaintenance: again } = await schedule({ ...work, mode: 'PLAN' });
  expect(again.affectedServiceCount).toBe(behind.length + more.length);
  const applied = await schedule({ ...work, mode: 'APPLY', fingerprint: again.fingerprint });
  expect(applied.scheduleMaintenance).toMatchObject({
    __typename: 'MaintenanceWindow',
    coveredDeviceCount: 2,
  });
  expect(await windows()).toEqual([{ id: applied.scheduleMaintenance.id }]);
  for (const [wrong, said] of [
    [{ endsAt: work.startsAt }, 'ends after'],
    [
      { startsAt: new Date(now - 9_000).toISOString(), endsAt: new Date(now - 5_000).toISOString() },
      'over already',
    ],
    [{ because: ' ' }, 'Say why'],
    [{ deviceId: 'dev_none' }, 'no Device'],
  ] as const)
    expect((await schedule({ ...work, mode: 'PLAN', ...wrong })).scheduleMaintenance).toMatchObject({
      message: expect.stringContaining(said),
    });
  // It speaks for two devices: the sector, and one that nobody plans to work on.
  agent(3).setSilent(true);
  await tenant.eventually(
    () =>
      tenant.data<{ devices: { edges: { node: { name: string } }[] } }>(
        'network',
        '{ devices(state: OFFLINE) { edges { node { name } } } }',
      ),
    ({ devices }) => devices.edges.length === 2,
  );
  const open = ['SUSPECTED', 'CONFIRMED', 'CLEARING'];
  const found = await tenant.eventually(
    () => incidents(open),
    ([first]) => first?.state === 'CONFIRMED',
  );
  expect(found.map((one) => one.root.name)).toEqual(['elsewhere']);
  agent(3).setSilent(false);
});

test('links are a tree of ways: circles are refused, the way of a service is told', async () => {
  const data = await tenant.data<{ devices: { edges: { node: { id: string; name: string } }[] } }>(
    'network',
    '{ devices { edges { node { id name } } } }',
  );
  const idOf = (name: string) => data.devices.edges.find(({ node }) => node.name === name)?.node.id;
  const link = (deviceId?: string, parentId?: string) =>
    tenant.data<{ linkDevices: object }>(
      'network',
      `mutation ($input: LinkDevicesInput!) { linkDevices(input: $input) { __typename ... on Device { parents { name } } ... on ConflictError { reason } } }`,
      { input: { deviceId, parentId } },
    );
  expect(await link(idOf('tower'), idOf('camera'))).toMatchObject({
    linkDevices: { __typename: 'ConflictError', reason: 'CIRCLE' },
  });
  expect(await link(idOf('tower'), idOf('elsewhere'))).toMatchObject({
    linkDevices: { parents: [{ name: 'elsewhere' }] },
  });
  const served = await tenant.data<{ _entities: { servedBy: { name: string }[] }[] }>(
    'network',
    `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Service { servedBy { name } } } }`,
    {
      r: [
        { __typename: 'Service', id: 'svc_sector_00007' },
        { __typename: 'Service', id: 'svc_tower_00005' },
      ],
    },
  );
  expect(served._entities.map((one) => one.servedBy.map((device) => device.name))).toEqual([
    ['sector', 'tower', 'elsewhere'],
    ['elsewhere'],
  ]);
});
