import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';
import type { Standing } from '../alarm/scope.ts';

export type DeviceGroup = Selectable<TenantDatabase['network.deviceGroup']>;

export async function deviceGroups(db: Executor<TenantDatabase>): Promise<DeviceGroup[]> {
  return db.selectFrom('network.deviceGroup').selectAll().orderBy('name').execute();
}

export async function deviceGroupsById(
  db: Executor<TenantDatabase>,
  ids: readonly string[],
): Promise<DeviceGroup[]> {
  return db.selectFrom('network.deviceGroup').selectAll().where('id', 'in', ids).execute();
}

/** @returns null when the name is taken. */
export async function insertDeviceGroup(
  db: Executor<TenantDatabase>,
  group: DeviceGroup,
): Promise<DeviceGroup | null> {
  const row = await db
    .insertInto('network.deviceGroup')
    .values(group)
    .onConflict((conflict) => conflict.column('name').doNothing())
    .returningAll()
    .executeTakeFirst();
  return row ?? null;
}

/** Makes these the devices of a group. */
export async function setMembers(
  transaction: Transaction<TenantDatabase>,
  groupId: string,
  deviceIds: readonly string[],
): Promise<void> {
  await sql`delete from network.device_group_member where group_id = ${groupId} and device_id <> all (${deviceIds}::text[])`.execute(
    transaction,
  );
  await sql`
    insert into network.device_group_member (group_id, device_id) select ${groupId}, unnest(${deviceIds}::text[])
    on conflict do nothing`.execute(transaction);
}

export async function deleteDeviceGroup(
  transaction: Transaction<TenantDatabase>,
  groupId: string,
): Promise<void> {
  await transaction.deleteFrom('network.deviceGroup').where('id', '=', groupId).execute();
}

export async function membersOfGroups(
  db: Executor<TenantDatabase>,
  groupIds: readonly string[],
): Promise<{ groupId: string; deviceId: string }[]> {
  return db
    .selectFrom('network.deviceGroupMember')
    .selectAll()
    .where('groupId', 'in', groupIds)
    .orderBy('deviceId')
    .execute();
}

export async function groupsOfDevices(
  db: Executor<TenantDatabase>,
  deviceIds: readonly string[],
): Promise<(DeviceGroup & { readonly deviceId: string })[]> {
  return db
    .selectFrom('network.deviceGroupMember as member')
    .innerJoin('network.deviceGroup as group', 'group.id', 'member.groupId')
    .selectAll('group')
    .select('member.deviceId')
    .where('member.deviceId', 'in', deviceIds)
    .orderBy('group.name')
    .execute();
}

/** Where devices belong, by their id. @param deviceIds all when null. */
export async function standings(
  db: Executor<TenantDatabase>,
  deviceIds: readonly string[] | null,
): Promise<Map<string, Standing>> {
  const { rows } = await sql<Standing>`
    select d.id as "deviceId", d.site_id as "siteId",
      array(select m.group_id from network.device_group_member m where m.device_id = d.id order by 1) as "groupIds"
    from network.device d where ${deviceIds}::text[] is null or d.id = any (${deviceIds})`.execute(db);
  return new Map(rows.map((standing) => [standing.deviceId, standing]));
}
