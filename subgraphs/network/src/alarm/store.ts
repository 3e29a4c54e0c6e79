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

/** What of a device an alarm is about; null is the device itself. */
export type AlarmAbout =
  | { readonly interfaceId: string }
  | { readonly serviceId: string }
  | { readonly sensorId: string };

type AboutColumns = Pick<Alarm, 'interfaceId' | 'serviceId' | 'sensorId'>;

/** The columns of an alarm that say what it is about. */
export function columnsOf(about: AlarmAbout | null): AboutColumns {
  return { interfaceId: null, serviceId: null, sensorId: null, ...about };
}

/** The part of its device that an alarm is about, as watches name it; empty for the device itself. */
export function partOf({ interfaceId, serviceId, sensorId }: AboutColumns): string {
  return sensorId ?? serviceId ?? interfaceId ?? '';
}

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

/** Rules that were removed no longer say for which group they were. */
export async function forgetGroup(transaction: Transaction<TenantDatabase>, groupId: string): Promise<void> {
  await transaction
    .updateTable('network.alarmRule')
    .set({ groupId: null })
    .where('groupId', '=', groupId)
    .where('removedAt', 'is not', null)
    .execute();
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
