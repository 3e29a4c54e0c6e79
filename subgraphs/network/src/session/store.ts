import type { TenantDatabase } from '@dotmac/migrations';
import { type Executor, eventsInsert, type NewEvent } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import { type Selectable, sql, type Transaction } from 'kysely';
import { type SessionState, silentIntervals } from './rules.ts';

export type Session = Selectable<TenantDatabase['network.session']>;

/** What names a session at its NAS. */
export interface SessionKey {
  readonly nasId: string;
  readonly nativeId: string;
  readonly username: string;
}

/** A session's columns where they cannot be written with the query builder; the table is `s`. */
const sessionColumns =
  sql.raw(`s.id, s.nas_id as "nasId", s.native_id as "nativeId", s.username, s.service_id as "serviceId",
  s.device_id as "deviceId", s.address, s.mac, s.started_at as "startedAt", s.updated_at as "updatedAt",
  s.stopped_at as "stoppedAt", s.terminate_cause as "terminateCause", s.session_time_seconds as "sessionTimeSeconds",
  s.downstream_octets as "downstreamOctets", s.upstream_octets as "upstreamOctets"`);

/** A service that came online at a device. */
export interface ServiceMove {
  readonly serviceId: string;
  readonly deviceId: string;
}

export function keyText({ nasId, nativeId, username }: SessionKey): string {
  return JSON.stringify([nasId, nativeId, username]);
}

export async function sessionsById(db: Executor<TenantDatabase>, ids: readonly string[]): Promise<Session[]> {
  return db.selectFrom('network.session').selectAll().where('id', 'in', ids).execute();
}

/** The live session of each service, the newest when there are several. */
export async function liveSessionsOfServices(
  db: Executor<TenantDatabase>,
  serviceIds: readonly string[],
): Promise<Session[]> {
  return db
    .selectFrom('network.session')
    .distinctOn('serviceId')
    .selectAll()
    .where('serviceId', 'in', serviceIds)
    .where('stoppedAt', 'is', null)
    .orderBy('serviceId')
    .orderBy('startedAt', 'desc')
    .execute();
}

/** Every live session of a service, the oldest first. */
export async function liveSessionsOfService(
  db: Executor<TenantDatabase>,
  serviceId: string,
): Promise<Session[]> {
  return db
    .selectFrom('network.session')
    .selectAll()
    .where('serviceId', '=', serviceId)
    .where('stoppedAt', 'is', null)
    .orderBy('startedAt')
    .execute();
}

/** The last sessions of each service, newest first. */
export async function recentSessionsOfServices(
  db: Executor<TenantDatabase>,
  serviceIds: readonly string[],
): Promise<Session[]> {
  return db
    .selectFrom('network.session')
    .selectAll()
    .where('id', 'in', (recent) =>
      recent
        .selectFrom(sql<{ id: string }>`unnest(${[...serviceIds]}::text[])`.as<'service'>(sql`service (id)`))
        .innerJoinLateral(
          (one) =>
            one
              .selectFrom('network.session')
              .select('network.session.id as sessionId')
              .whereRef('serviceId', '=', sql.ref('service.id'))
              .orderBy('startedAt', 'desc')
              .limit(50)
              .as('latest'),
          (join) => join.onTrue(),
        )
        .select('latest.sessionId'),
    )
    .orderBy('startedAt', 'desc')
    .execute();
}

/** A page of sessions, newest first by id. */
export async function sessionPage(
  db: Executor<TenantDatabase>,
  page: {
    readonly after?: string | undefined;
    readonly before?: string | undefined;
    readonly limit: number;
    readonly inverted: boolean;
    readonly live?: boolean | null | undefined;
    readonly deviceId?: string | null | undefined;
    readonly username?: string | null | undefined;
  },
): Promise<Session[]> {
  let query = db.selectFrom('network.session').selectAll().limit(page.limit);
  if (page.after !== undefined) query = query.where('id', '<', page.after);
  if (page.before !== undefined) query = query.where('id', '>', page.before);
  if (page.live != null) query = query.where('stoppedAt', page.live ? 'is' : 'is not', null);
  if (page.deviceId != null) query = query.where('deviceId', '=', page.deviceId);
  if (page.username != null) query = query.where('username', '=', page.username);
  return query.orderBy('id', page.inverted ? 'asc' : 'desc').execute();
}

/** Every live session, for the login policy. */
export async function liveSessions(
  db: Executor<TenantDatabase>,
  serviceIds: readonly string[] | null,
): Promise<SessionState[]> {
  let query = db.selectFrom('network.session').selectAll().where('stoppedAt', 'is', null);
  if (serviceIds !== null) query = query.where('serviceId', 'in', serviceIds);
  return (await query.execute()).map(stateOf);
}

/** Sessions of a device heard of since an instant: proof that it forwards. */
export async function sessionsHeardSince(
  db: Executor<TenantDatabase>,
  deviceId: string,
  since: Date,
): Promise<number> {
  const row = await db
    .selectFrom('network.session')
    .select(({ fn }) => fn.countAll<bigint>().as('count'))
    .where('deviceId', '=', deviceId)
    .where('stoppedAt', 'is', null)
    .where('updatedAt', '>', since)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** The newest session of each key. */
export async function newestSessions(
  db: Executor<TenantDatabase>,
  keys: readonly SessionKey[],
): Promise<SessionState[]> {
  const { rows } = await sql<Session>`
    select ${sessionColumns}
    from unnest(${keys.map((key) => key.nasId)}::text[], ${keys.map((key) => key.nativeId)}::text[],
      ${keys.map((key) => key.username)}::text[]) as k (nas_id, native_id, username)
    cross join lateral (
      select * from network.session
      where nas_id = k.nas_id and native_id = k.native_id and username = k.username
      order by started_at desc, id desc limit 1
    ) s`.execute(db);
  return rows.map(stateOf);
}

/**
 * Writes sessions in the order given (one that ends comes before the one that takes its id), where their services are
 * online now, and the events that tell of it: one statement, which is a transaction of its own outside of one. Counters never
 * go back, also when a commit went unheard.
 */
export async function writeSessions(
  db: Executor<TenantDatabase>,
  sessions: readonly SessionState[],
  moves: readonly ServiceMove[],
  events: readonly NewEvent<TenantEvents>[],
): Promise<void> {
  if (sessions.length === 0) return;
  const rows = sessions.map((session) => ({
    ...session,
    startedAt: new Date(session.startedAt).toISOString(),
    updatedAt: new Date(session.updatedAt).toISOString(),
    stoppedAt: session.stoppedAt === null ? null : new Date(session.stoppedAt).toISOString(),
    downstreamOctets: session.downstreamOctets.toString(),
    upstreamOctets: session.upstreamOctets.toString(),
  }));
  const told = events.length === 0 ? sql`` : sql`told as (${eventsInsert(events)}),`;
  await sql`
    with ${told} moved as (
      update network.access a set device_id = m.device_id
      from unnest(${moves.map((move) => move.serviceId)}::text[], ${moves.map((move) => move.deviceId)}::text[])
        as m (service_id, device_id)
      where a.service_id = m.service_id and a.device_id is distinct from m.device_id
    )
    insert into network.session (id, nas_id, native_id, username, service_id, device_id, address, mac, started_at,
      updated_at, stopped_at, terminate_cause, session_time_seconds, downstream_octets, upstream_octets)
    select * from json_to_recordset(${JSON.stringify(rows)}::json) as row (id text, "nasId" text, "nativeId" text,
      username text, "serviceId" text, "deviceId" text, address inet, mac text, "startedAt" timestamptz,
      "updatedAt" timestamptz, "stoppedAt" timestamptz, "terminateCause" text, "sessionTimeSeconds" bigint,
      "downstreamOctets" numeric, "upstreamOctets" numeric)
    on conflict (id) do update set service_id = excluded.service_id, address = excluded.address, mac = excluded.mac,
      updated_at = greatest(session.updated_at, excluded.updated_at), stopped_at = excluded.stopped_at,
      terminate_cause = excluded.terminate_cause,
      session_time_seconds = greatest(session.session_time_seconds, excluded.session_time_seconds),
      downstream_octets = greatest(session.downstream_octets, excluded.downstream_octets),
      upstream_octets = greatest(session.upstream_octets, excluded.upstream_octets)`.execute(db);
}

/**
 * Ends the other live sessions of services that have just logged in: those of the same line, which the login replaced,
 * and those silent for so long that they did not stand in its way.
 */
export async function closeReplaced(
  transaction: Transaction<TenantDatabase>,
  started: readonly SessionState[],
  causes: { readonly sameLine: string; readonly silent: string },
): Promise<SessionState[]> {
  const logins = started.filter((session) => session.serviceId !== null);
  if (logins.length === 0) return [];
  const { rows } = await sql<Session>`
    update network.session s set stopped_at = s.updated_at,
      terminate_cause = case when s.mac is not distinct from l.mac then ${causes.sameLine} else ${causes.silent} end
    from network.nas n, unnest(${logins.map((one) => one.serviceId)}::text[], ${logins.map((one) => one.mac)}::text[],
      ${logins.map((one) => new Date(one.updatedAt))}::timestamptz[]) as l (service_id, mac, at)
    where n.id = s.nas_id and s.service_id = l.service_id and s.stopped_at is null
      and s.id <> all(${started.map((one) => one.id)}::text[])
      and (s.mac is not distinct from l.mac
        or s.updated_at < l.at - make_interval(secs => ${silentIntervals}::float8 * n.interim_interval_seconds))
    returning ${sessionColumns}`.execute(transaction);
  return rows.map(stateOf);
}

/** Ends all sessions of a NAS that were heard of before an instant: it said that it restarted. */
export async function closeSessionsOfNas(
  transaction: Transaction<TenantDatabase>,
  nasId: string,
  before: Date,
  cause: string,
): Promise<SessionState[]> {
  const rows = await transaction
    .updateTable('network.session')
    .set((row) => ({ stoppedAt: row.ref('updatedAt'), terminateCause: cause }))
    .where('nasId', '=', nasId)
    .where('stoppedAt', 'is', null)
    .where('startedAt', '<=', before)
    .returningAll()
    .execute();
  return rows.map(stateOf);
}

/** Ends sessions of which nothing was heard for three intervals, at least a quarter of an hour; at most `limit` at a time. */
export async function closeStale(
  transaction: Transaction<TenantDatabase>,
  now: Date,
  cause: string,
  limit: number,
): Promise<SessionState[]> {
  const { rows } = await sql<Session>`
    update network.session s set stopped_at = s.updated_at, terminate_cause = ${cause}
    where s.id in (
      select l.id from network.session l join network.nas n on n.id = l.nas_id
      where l.stopped_at is null
        and l.updated_at < ${now}::timestamptz - make_interval(secs => greatest(3 * n.interim_interval_seconds, 900))
      order by l.id limit ${limit} for update of l skip locked
    )
    returning ${sessionColumns}`.execute(transaction);
  return rows.map(stateOf);
}

function stateOf(row: Session): SessionState {
  return {
    id: row.id,
    nasId: row.nasId,
    nativeId: row.nativeId,
    username: row.username,
    serviceId: row.serviceId,
    deviceId: row.deviceId,
    address: row.address,
    mac: row.mac,
    startedAt: row.startedAt.getTime(),
    updatedAt: row.updatedAt.getTime(),
    stoppedAt: row.stoppedAt?.getTime() ?? null,
    terminateCause: row.terminateCause,
    sessionTimeSeconds: Number(row.sessionTimeSeconds),
    downstreamOctets: BigInt(row.downstreamOctets),
    upstreamOctets: BigInt(row.upstreamOctets),
  };
}
