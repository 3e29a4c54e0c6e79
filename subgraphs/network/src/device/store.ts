import type { Capability, DeviceIdentity } from '@dotmac/device';
import type { TenantDatabase } from '@dotmac/migrations';
import { type Executor, type Page, pageBy } from '@dotmac/platform';
import type { DeviceState } from '@dotmac/schema';
import { type Selectable, sql, type Transaction } from 'kysely';
import type { ManagementFailureCode } from './rules.ts';

export type Device = Omit<Selectable<TenantDatabase['network.device']>, 'state'> & {
  readonly state: DeviceState;
};
/** As drivers name their protocol. */
export type Protocol = 'snmp' | 'routeros';
export type ManagementAddress = Omit<
  Selectable<TenantDatabase['network.managementAddress']>,
  'protocol' | 'capabilities' | 'failureCode'
> & {
  readonly protocol: Protocol;
  readonly capabilities: readonly Capability[];
  readonly failureCode: ManagementFailureCode | null;
};

export async function devicesById(db: Executor<TenantDatabase>, ids: readonly string[]): Promise<Device[]> {
  return (await db.selectFrom('network.device').selectAll().where('id', 'in', ids).execute()) as Device[];
}

export async function allDevices(db: Executor<TenantDatabase>): Promise<Device[]> {
  return (await db.selectFrom('network.device').selectAll().orderBy('name').execute()) as Device[];
}

export async function devicesOfSites(
  db: Executor<TenantDatabase>,
  siteIds: readonly string[],
): Promise<Device[]> {
  return (await db
    .selectFrom('network.device')
    .selectAll()
    .where('siteId', 'in', siteIds)
    .orderBy('name')
    .execute()) as Device[];
}

/** A page of devices by name, for a connection. */
export async function devicePage(
  db: Executor<TenantDatabase>,
  page: Page & {
    readonly state?: DeviceState | null | undefined;
  },
): Promise<Device[]> {
  let query = pageBy(db.selectFrom('network.device').selectAll(), 'name', 'asc', page);
  if (page.state != null) query = query.where('state', '=', page.state);
  return (await query.execute()) as Device[];
}

/** @returns null when the name is taken. */
export async function insertDevice(
  transaction: Transaction<TenantDatabase>,
  device: {
    readonly id: string;
    readonly name: string;
    readonly siteId: string | null;
    readonly createdAt: Date;
  },
): Promise<Device | null> {
  const row = await transaction
    .insertInto('network.device')
    .values({
      ...device,
      state: 'UNKNOWN',
      stateSource: 'registration',
      stateEvidence: 'not asked yet',
      stateSince: device.createdAt,
    })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .returningAll()
    .executeTakeFirst();
  return (row as Device | undefined) ?? null;
}

export async function lockedDevice(
  transaction: Transaction<TenantDatabase>,
  id: string,
): Promise<Device | null> {
  const row = await transaction
    .selectFrom('network.device')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  return (row as Device | undefined) ?? null;
}

export async function updateDevice(
  transaction: Transaction<TenantDatabase>,
  id: string,
  change: {
    readonly name?: string;
    readonly siteId?: string | null;
    readonly state?: DeviceState;
    readonly stateSource?: string;
    readonly stateEvidence?: string;
    readonly stateSince?: Date;
    readonly missedPolls?: number;
    readonly polledAt?: Date;
    readonly seenAt?: Date;
    readonly silentSince?: Date | null;
    readonly askedAt?: Date;
    readonly uptimeSeconds?: bigint;
    readonly processorPercent?: number | null;
    readonly memoryUsedBytes?: string | null;
    readonly memoryTotalBytes?: string | null;
    readonly healthAt?: Date;
    readonly reachMethod?: string;
    readonly reachVerdict?: string;
    readonly reachRttMilliseconds?: number | null;
    readonly reachDetail?: string;
    readonly reachAt?: Date;
    readonly chassis?: string | null;
    readonly systemName?: string | null;
    readonly gateway?: boolean;
  },
): Promise<Device> {
  const row = await transaction
    .updateTable('network.device')
    .set(change)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
  return row as Device;
}

/** Keeps what a device says about itself; what it does not say stays as it was. */
export async function updateIdentity(
  db: Executor<TenantDatabase>,
  id: string,
  identity: DeviceIdentity,
): Promise<void> {
  const { vendor, os, model, version, serial } = identity;
  await sql`
    update network.device set vendor = coalesce(${vendor}, vendor), os = coalesce(${os}, os),
      model = coalesce(${model}, model), version = coalesce(${version}, version), serial = coalesce(${serial}, serial)
    where id = ${id}`.execute(db);
}

export async function managementAddressesOfDevices(
  db: Executor<TenantDatabase>,
  deviceIds: readonly string[],
): Promise<ManagementAddress[]> {
  const rows = await db
    .selectFrom('network.managementAddress')
    .selectAll()
    .where('deviceId', 'in', deviceIds)
    .orderBy('protocol')
    .execute();
  return rows as unknown as ManagementAddress[];
}

/** A device that can be polled. */
export interface Pollable {
  readonly id: string;
  readonly name: string;
  readonly silent: boolean;
  readonly polled: boolean;
  readonly addresses: readonly ManagementAddress[];
}

/** Every device that can be polled, with its management addresses. */
export async function pollables(db: Executor<TenantDatabase>): Promise<Pollable[]> {
  const rows = await db
    .selectFrom('network.managementAddress as address')
    .innerJoin('network.device as device', 'device.id', 'address.deviceId')
    .selectAll('address')
    .select(['device.name', 'device.silentSince', 'device.polledAt'])
    .orderBy('address.deviceId')
    .orderBy('address.protocol')
    .execute();
  return [...Map.groupBy(rows, (row) => row.deviceId)].map(([id, addresses]) => ({
    id,
    name: addresses[0]?.name ?? id,
    silent: addresses[0]?.silentSince != null,
    polled: addresses[0]?.polledAt != null,
    addresses: addresses.map(
      ({ name: _, silentSince: __, polledAt: ___, ...address }) => address as unknown as ManagementAddress,
    ),
  }));
}

/** Those of devices that answer the poller. */
export async function answeringAddresses(db: Executor<TenantDatabase>): Promise<ManagementAddress[]> {
  const rows = await db
    .selectFrom('network.managementAddress as a')
    .innerJoin('network.device as d', 'd.id', 'a.deviceId')
    .selectAll('a')
    .where('d.seenAt', 'is not', null)
    .where('d.silentSince', 'is', null)
    .orderBy('a.deviceId')
    .orderBy('a.protocol')
    .execute();
  return rows as unknown as ManagementAddress[];
}

export async function upsertManagementAddress(
  transaction: Transaction<TenantDatabase>,
  address: {
    readonly deviceId: string;
    readonly protocol: Protocol;
    readonly host: string;
    readonly port: number;
    readonly credential: Uint8Array;
  },
): Promise<void> {
  const { host, port, credential } = address;
  await transaction
    .insertInto('network.managementAddress')
    .values(address)
    .onConflict((conflict) =>
      conflict
        .columns(['deviceId', 'protocol'])
        .doUpdateSet({ host, port, credential, capabilities: '[]', failure: null, failureCode: null }),
    )
    .execute();
}

export async function recordProbe(
  db: Executor<TenantDatabase>,
  { deviceId, protocol }: Pick<ManagementAddress, 'deviceId' | 'protocol'>,
  capabilities: readonly Capability[],
): Promise<void> {
  await db
    .updateTable('network.managementAddress')
    .set({ capabilities: JSON.stringify(capabilities) })
    .where('deviceId', '=', deviceId)
    .where('protocol', '=', protocol)
    .execute();
}

/** Notes how the last poll over each protocol ended; null is well. */
export async function recordFailures(
  transaction: Transaction<TenantDatabase>,
  deviceId: string,
  failures: readonly {
    readonly protocol: Protocol;
    readonly failure: string | null;
    readonly code: ManagementFailureCode | null;
  }[],
): Promise<void> {
  await sql`
    update network.management_address a set failure = f.failure, failure_code = f.code
    from unnest(${failures.map((one) => one.protocol)}::text[], ${failures.map((one) => one.failure)}::text[],
      ${failures.map((one) => one.code)}::text[]) as f (protocol, failure, code)
    where a.device_id = ${deviceId} and a.protocol = f.protocol
      and (a.failure, a.failure_code) is distinct from (f.failure, f.code)`.execute(transaction);
}

/** What a credential of a management address is sealed for. */
export function credentialPurpose(deviceId: string, protocol: Protocol): string {
  return `device:${deviceId}:${protocol}`;
}
