import type { TenantDatabase } from '@dotmac/migrations';
import { type Executor, type Page, pageBy } from '@dotmac/platform';
import { type Selectable, sql, type Transaction, type Updateable } from 'kysely';
import type { AlarmMetric, Severity, Watch } from './rules.ts';

export type AlarmRule = Omit<Selectable<TenantDatabase['network.alarmRule']>, 'metric' | 'severity'> & {
  readonly metric: AlarmMetric;
  readonly severity: Severity;
};
export type Alarm = Omit<Selectable<TenantDatabase['network.alarm']>, 'severity'> & {
  readonly severity: Severity;
};
export type MaintenanceWindow = Selectable<TenantDatabase['network.maintenanceWindow']>;

/** Those that were not removed. */
export async function alarmRules(db: Executor<TenantDatabase>): Promise<AlarmRule[]> {
  return (await db
    .selectFrom('network.alarmRule')
    .selectAll()
    .where('removedAt', 'is', null)
    .orderBy('name')
    .execute()) as AlarmRule[];
}

/** Removed ones too: alarms of the past are theirs. */
export async function alarmRulesById(
  db: Executor<TenantDatabase>,
  ids: readonly string[],
): Promise<AlarmRule[]> {
  return (await db
    .selectFrom('network.alarmRule')
    .selectAll()
    .where('id', 'in', ids)
    .execute()) as AlarmRule[];
}

export async function updateAlarmRule(
  db: Executor<TenantDatabase>,
  id: string,
  change: Updateable<TenantDatabase['network.alarmRule']>,
): Promise<AlarmRule> {
  return (await db
    .updateTable('network.alarmRule')
    .set(change)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()) as AlarmRule;
}

/** Rules are added and removed one at a time. */
export async function lockAlarmRules(transaction: Transaction<TenantDatabase>): Promise<void> {
  await sql`lock table network.alarm_rule in share row exclusive mode`.execute(transaction);
}

export async function insertAlarmRule(
  transaction: Transaction<TenantDatabase>,
  rule: AlarmRule,
): Promise<AlarmRule> {
  return (await transaction
    .insertInto('network.alarmRule')
    .values(rule)
    .returningAll()
    .executeTakeFirstOrThrow()) as AlarmRule;
}

/** Forgets how far its watches are; its alarms stay. */
export async function removeAlarmRule(
  transaction: Transaction<TenantDatabase>,
  id: string,
  at: Date,
): Promise<AlarmRule> {
  await transaction.deleteFrom('network.alarmWatch').where('ruleId', '=', id).execute();
  return updateAlarmRule(transaction, id, { removedAt: at });
}

/** What is watched on a device: by rule, then by part (an interface's id, or nothing for the device itself). */
export interface WatchRow extends Watch {
  readonly ruleId: string;
  readonly part: string;
}

export async function watchesOfDevice(db: Executor<TenantDatabase>, deviceId: string): Promise<WatchRow[]> {
  const rows = await db
    .selectFrom('network.alarmWatch')
    .selectAll()
    .where('deviceId', '=', deviceId)
    .execute();
  return rows.map(({ ruleId, part, raised, streak, changes }) => ({
    ruleId,
    part,
    raised,
    streak,
    changes: changes.map((at) => new Date(at).getTime()),
  }));
}

export async function saveWatches(
  transaction: Transaction<TenantDatabase>,
  deviceId: string,
  watches: readonly WatchRow[],
): Promise<void> {
  if (watches.length === 0) return;
  const rows = watches.map(({ changes, ...watch }) => ({
    ...watch,
    changes: changes.map((at) => new Date(at)),
  }));
  await sql`
    insert into network.alarm_watch (rule_id, device_id, part, raised, streak, changes)
    select r->>'ruleId', ${deviceId}, r->>'part', (r->>'raised')::boolean, (r->>'streak')::integer,
      array(select jsonb_array_elements_text(r->'changes')::timestamptz)
    from jsonb_array_elements(${JSON.stringify(rows)}::jsonb) as t (r)
    on conflict (rule_id, device_id, part) do update set raised = excluded.raised, streak = excluded.streak, changes = excluded.changes`.execute(
    transaction,
  );
}

export async function activeAlarms(
  db: Executor<TenantDatabase>,
  deviceIds: readonly string[],
): Promise<Alarm[]> {
  return (await db
    .selectFrom('network.alarm')
    .selectAll()
    .where('deviceId', 'in', deviceIds)
    .where('clearedAt', 'is', null)
    .orderBy('raisedAt')
    .orderBy('id')
    .execute()) as Alarm[];
}

export async function allActiveAlarms(db: Executor<TenantDatabase>): Promise<Alarm[]> {
  return (await db
    .selectFrom('network.alarm')
    .selectAll()
    .where('clearedAt', 'is', null)
    .orderBy('raisedAt')
    .orderBy('id')
    .execute()) as Alarm[];
}

export async function alarmsById(db: Executor<TenantDatabase>, ids: readonly string[]): Promise<Alarm[]> {
  return (await db.selectFrom('network.alarm').selectAll().where('id', 'in', ids).execute()) as Alarm[];
}

export async function lockedAlarm(
  transaction: Transaction<TenantDatabase>,
  id: string,
): Promise<Alarm | null> {
  const row = await transaction
    .selectFrom('network.alarm')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  return (row as Alarm | undefined) ?? null;
}

export async function insertAlarm(
  transaction: Transaction<TenantDatabase>,
  alarm: Omit<Alarm, 'clearedAt' | 'acknowledgedAt' | 'acknowledgedBy' | 'assignedTo'>,
): Promise<Alarm> {
  return (await transaction
    .insertInto('network.alarm')
    .values(alarm)
    .returningAll()
    .executeTakeFirstOrThrow()) as Alarm;
}

export async function updateAlarm(
  transaction: Transaction<TenantDatabase>,
  id: string,
  change: Updateable<TenantDatabase['network.alarm']>,
): Promise<Alarm> {
  return (await transaction
    .updateTable('network.alarm')
    .set(change)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()) as Alarm;
}

/** A page of alarms, newest first by id. */
export async function alarmPage(
  db: Executor<TenantDatabase>,
  page: Page & {
    readonly active?: boolean | null | undefined;
  },
): Promise<Alarm[]> {
  let query = pageBy(db.selectFrom('network.alarm').selectAll(), 'id', 'desc', page);
  if (page.active != null) query = query.where('clearedAt', page.active ? 'is' : 'is not', null);
  return (await query.execute()) as Alarm[];
}

/** Planned work that goes on now at any of these devices, the one that ends last. */
export async function currentMaintenance(
  db: Executor<TenantDatabase>,
  deviceIds: readonly string[],
  now: Date,
): Promise<MaintenanceWindow | null> {
  const row = await db
    .selectFrom('network.maintenanceWindow')
    .selectAll()
    .where('deviceId', 'in', deviceIds)
    .where('startsAt', '<=', now)
    .where('endsAt', '>', now)
    .where('cancelledAt', 'is', null)
    .orderBy('endsAt', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

export async function insertMaintenance(
  db: Executor<TenantDatabase>,
  window: Omit<MaintenanceWindow, 'cancelledAt' | 'cancelledBy'>,
): Promise<MaintenanceWindow> {
  return db.insertInto('network.maintenanceWindow').values(window).returningAll().executeTakeFirstOrThrow();
}

/** Planned work at each device that is not over at an instant. */
export async function comingMaintenance(
  db: Executor<TenantDatabase>,
  deviceIds: readonly string[],
  now: Date,
): Promise<MaintenanceWindow[]> {
  return db
    .selectFrom('network.maintenanceWindow')
    .selectAll()
    .where('deviceId', 'in', deviceIds)
    .where('endsAt', '>', now)
    .where('cancelledAt', 'is', null)
    .orderBy('startsAt')
    .execute();
}

/** @returns null when there is none; one that was cancelled before stays as it was. */
export async function cancelMaintenance(
  db: Executor<TenantDatabase>,
  id: string,
  { at, by }: { readonly at: Date; readonly by: string },
): Promise<MaintenanceWindow | null> {
  const row = await db
    .updateTable('network.maintenanceWindow')
    .set(({ fn, val, ref }) => ({
      cancelledAt: fn.coalesce(ref('cancelledAt'), val(at)),
      cancelledBy: fn.coalesce(ref('cancelledBy'), val(by)),
    }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();
  return row ?? null;
}

/** Whose state raises an alarm. */
export async function setMonitored(
  db: Executor<TenantDatabase>,
  interfaceId: string,
  monitored: boolean,
): Promise<boolean> {
  const { rows } = await sql`
    update network.interface set monitored = ${monitored} where id = ${interfaceId} returning id`.execute(db);
  return rows.length === 1;
}
