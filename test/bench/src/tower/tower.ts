import { DriverRegistry, systemClock } from '@dotmac/device';
import { startTestRuntime, type TestRuntime } from '@dotmac/harness';
import { accessPoint, startSnmpAgents, towerRouter } from '@dotmac/lab/snmp';
import type { TenantDatabase } from '@dotmac/migrations';
import * as radius from '@dotmac/radius';
import type { TenantEvents } from '@dotmac/schema';
import { SnmpEngine, snmpDriver } from '@dotmac/snmp';
import { network } from '@dotmac/subgraph-network';
import { sql } from 'kysely';
import { rounded } from '../installation.ts';
import type { Report } from '../report.ts';

const cpes = 500;
const rounds = 2;
/** As in operation: a poll a minute. */
const pollIntervalSeconds = 60;

/**
 * A tower with 500 CPEs loses its power. Every CPE is a device of its own with an SNMP agent and a subscriber behind it. Measured
 * from the first evidence, whichever of them is found silent first by a poll a minute, until the one incident is open and
 * knows everybody; and counted what else was raised.
 */
export async function run(report: Report): Promise<void> {
  const opened: number[] = [];
  const exact: number[] = [];
  const incidents: number[] = [];
  const pages: number[] = [];
  const wrong: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const seen = await drop();
    opened.push(seen.openedSeconds);
    exact.push(seen.exactSeconds);
    incidents.push(seen.incidents);
    pages.push(seen.pages);
    wrong.push(seen.wrongServices);
    report.note(`round ${round + 1} of ${rounds}`);
  }
  const worst = (values: readonly number[]) => Math.max(...values);
  report.figure({
    metric: 'first evidence to the incident, worst',
    value: rounded(worst(opened)),
    unit: 's',
  });
  report.figure({
    metric: 'first evidence to the exact list of those affected, worst',
    value: rounded(worst(exact)),
    unit: 's',
  });
  report.figure({ metric: 'incidents, most', value: worst(incidents), unit: 'incidents' });
  report.figure({ metric: 'alarms and incidents of children, most', value: worst(pages), unit: 'pages' });
  report.figure({
    metric: 'services missing from the list or wrongly on it',
    value: worst(wrong),
    unit: 'services',
  });
}

async function drop() {
  const devices = [
    { ...towerRouter, id: 'tower' },
    ...Array.from({ length: cpes }, (_, i) => ({
      ...accessPoint,
      id: `cpe-${i + 1}`,
      sysName: `cpe-${i + 1}`,
    })),
  ];
  const lab = await startSnmpAgents(devices, { clock: systemClock });
  const engine = new SnmpEngine({ clock: systemClock });
  const tenant = await startTestRuntime<TenantDatabase, TenantEvents>('tenant', (services) => [
    network(services, {
      drivers: new DriverRegistry([snmpDriver(engine)]),
      radius,
      pollIntervalSeconds,
      surveyIntervalSeconds: 86_400,
    }),
  ]);
  try {
    const ids = await registerAll(tenant, lab.agents);
    const services = await connectServices(tenant, ids);
    await tenant.eventually(
      async () =>
        countOf(tenant, `select count(*)::integer as count from network.device where state = 'ONLINE'`),
      (count) => count === devices.length,
    );
    for (const agent of lab.agents) agent.setSilent(true);
    const { database } = tenant.services;
    const firstEvidence = await tenant.eventually(
      async () =>
        (
          await sql<{ at: Date | null }>`select min(silent_since) as at from network.device`.execute(database)
        ).rows[0]?.at?.getTime() ?? null,
      (at) => at !== null,
    );
    const since = () => (systemClock.now() - (firstEvidence ?? 0)) / 1_000;
    await tenant.eventually(
      () => countOf(tenant, 'select count(*)::integer as count from network.incident'),
      (count) => count > 0,
    );
    const openedSeconds = since();
    await tenant.eventually(
      () =>
        countOf(
          tenant,
          'select max(affected_services) as count from network.incident where resolved_at is null',
        ),
      (count) => count === services.length,
    );
    const exactSeconds = since();
    // Until every CPE was found silent: whatever they would raise has been raised by then.
    await tenant.eventually(
      () => countOf(tenant, 'select count(*)::integer as count from network.device where missed_polls > 0'),
      (count) => count === devices.length,
    );
    const incidents = await countOf(tenant, 'select count(*)::integer as count from network.incident');
    const alarms = await countOf(tenant, 'select count(*)::integer as count from network.alarm');
    const { rows: listed } = await sql<{ id: string }>`
      select service_id as id from network.incident_service join network.incident on id = incident_id where resolved_at is null`.execute(
      database,
    );
    const on = new Set(listed.map(({ id }) => id));
    const wrongServices =
      services.filter((id) => !on.has(id)).length + [...on].filter((id) => !services.includes(id)).length;
    return { openedSeconds, exactSeconds, incidents, pages: alarms + incidents - 1, wrongServices };
  } finally {
    await tenant[Symbol.asyncDispose]();
    await engine.close();
    await lab.close();
  }
}

type Tenant = TestRuntime<TenantDatabase, TenantEvents>;

async function countOf(tenant: Tenant, query: string): Promise<number> {
  const { rows } = await sql.raw<{ count: number | null }>(query).execute(tenant.services.database);
  return rows[0]?.count ?? 0;
}

async function registerAll(
  tenant: Tenant,
  agents: readonly { readonly id: string; readonly port: number }[],
): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const { id, port } of agents) {
    const { registerDevice } = await tenant.data<{ registerDevice: { id: string } }>(
      'network',
      `mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) { ... on Device { id } ... on Failure { message } } }`,
      { input: { name: id, parentId: ids[0], snmp: { host: '127.0.0.1', port, community: 'public' } } },
    );
    ids.push(registerDevice.id);
  }
  return ids;
}

/** A subscriber behind every CPE, online until the power went. */
async function connectServices(tenant: Tenant, [tower = '', ...rest]: readonly string[]): Promise<string[]> {
  const { database } = tenant.services;
  const rows = JSON.stringify(rest.map((deviceId, i) => ({ id: `svc_cpe${i + 1}`, deviceId })));
  const list = sql`jsonb_to_recordset(${rows}::jsonb) as r (id text, "deviceId" text)`;
  await sql`
    insert into network.nas (id, name, device_id, source_address, secret, vendor_profile, coa_port, created_at)
    values ('nas_tower', 'tower', ${tower}, '192.0.2.1', '\\x00'::bytea, 'mikrotik', 3799, now())`.execute(
    database,
  );
  await sql`
    insert into network.access (service_id, customer_id, plan_id, username, password, device_id, mode, created_at)
    select id, 'cus_1', 'pln_1', id, '\\x00'::bytea, "deviceId", 'OPEN', now() from ${list}`.execute(
    database,
  );
  await sql`
    insert into network.session (id, nas_id, native_id, username, service_id, device_id, started_at, updated_at)
    select 'ses_' || id, 'nas_tower', id, id, id, "deviceId", now(), now() from ${list}`.execute(database);
  return rest.map((_, i) => `svc_cpe${i + 1}`);
}
