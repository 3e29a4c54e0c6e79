import type { TenantDatabase } from '@dotmac/migrations';
import {
  type Executor,
  eventsInsert,
  type NewEvent,
  numberArray,
  type Page,
  pageBy,
  textArray,
} from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import { type Selectable, sql, type Transaction } from 'kysely';
import type { SessionState } from './rules.ts';

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

/** One text per key; none of its parts has a NUL. */
export function keyText({ nasId, nativeId, username }: SessionKey): string {
  return `${nasId}\0${nativeId}\0${username}`;
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
  page: Page & {
    readonly live?: boolean | null | undefined;
    readonly deviceId?: string | null | undefined;
    readonly username?: string | null | undefined;
  },
): Promise<Session[]> {
  let query = pageBy(db.selectFrom('network.session').selectAll(), 'id', 'desc', page);
  if (page.live != null) query = query.where('stoppedAt', page.live ? 'is' : 'is not', null);
  if (page.deviceId != null) query = query.where('deviceId', '=', page.deviceId);
  if (page.username != null) query = query.where('username', '=', page.username);
  return query.execute();
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

/** A page of live sessions by key. */
export async function liveSessionsAfter(
  db: Executor<TenantDatabase>,
  after: SessionKey | null,
  limit: number,
): Promise<SessionState[]> {
  const { nasId, nativeId, username } = after ?? { nasId: '', nativeId: '', username: '' };
  const rows = await db
    .selectFrom('network.session')
    .selectAll()
    .where('stoppedAt', 'is', null)
    .where(sql<boolean>`(nas_id, native_id, username) > (${nasId}, ${nativeId}, ${username})`)
    .orderBy('nasId')
    .orderBy('nativeId')
    .orderBy('username')
    .limit(limit)
    .execute();
  return rows.map(stateOf);
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
    from unnest(${textArray(keys.map((key) => key.nasId))}::text[],
      ${textArray(keys.map((key) => key.nativeId))}::text[],
      ${textArray(keys.map((key) => key.username))}::text[]) as k (nas_id, native_id, username)
    cross join lateral (
      select * from network.session
      where nas_id = k.nas_id and native_id = k.native_id and username = k.username
      order by started_at desc, id desc limit 1
    ) s`.execute(db);
  return rows.map(stateOf);
}

/** A session as it shall be, and as it was when that was decided; null for one that begins. */
export interface SessionChange {
  readonly before: SessionState | null;
  readonly after: SessionState;
  readonly told: NewEvent<TenantEvents> | null;
}

/**
 * Writes sessions, where their services are online now, and the events that tell of it: one statement, which is a
 * transaction of its own. A session that somebody else has written since is left alone with its event, and so is a
 * beginning whose key is taken.
 * @returns the ids of those written.
 */
export async function writeSessions(
  db: Executor<TenantDatabase>,
  changes: readonly SessionChange[],
  moves: readonly ServiceMove[],
): Promise<Set<string>> {
  const going: { readonly before: SessionState; readonly after: SessionState }[] = [];
  const begun: SessionState[] = [];
  const events: NewEvent<TenantEvents>[] = [];
  const toldOf: string[] = [];
  for (const { before, after, told } of changes) {
    if (before === null) begun.push(after);
    else going.push({ before, after });
    if (told === null) continue;
    events.push(told);
    toldOf.push(after.id);
  }
  const written = sql`select id from going union all select id from begun`;
  const { rows } = await sql<{ id: string }>`
    with ${going.length === 0 ? nothingGoing : sql`going as (${goOn(going)})`},
    ${begun.length === 0 ? nothingBegun : sql`begun as (${begin(begun)})`}
    ${moves.length === 0 ? sql`` : sql`, moved as (${move(moves)})`}
    ${events.length === 0 ? sql`` : sql`, told as (${eventsInsert(events, { keys: toldOf, among: written })})`}
    ${written}`.execute(db);
  return new Set(rows.map(({ id }) => id));
}

const nothingGoing = sql`going as (select null::text as id where false)`;
const nothingBegun = sql`begun as (select null::text as id where false)`;

/** Counters never go back, whoever wrote them. Times are compared as this process knows them, in milliseconds. */
function goOn(changes: readonly { readonly before: SessionState; readonly after: SessionState }[]) {
  const text = (pick: (state: SessionState) => string | null) =>
    textArray(changes.map(({ after }) => pick(after)));
  const after = (pick: (state: SessionState) => number | bigint | null) =>
    numberArray(changes.map((change) => pick(change.after)));
  const before = (pick: (state: SessionState) => number | null) =>
    numberArray(changes.map((change) => pick(change.before)));
  return sql`
    update network.session s set service_id = r.service_id, address = r.address, mac = r.mac,
      updated_at = to_timestamp(r.updated_at), stopped_at = to_timestamp(r.stopped_at), terminate_cause = r.terminate_cause,
      session_time_seconds = greatest(s.session_time_seconds, r.session_time_seconds),
      downstream_octets = greatest(s.downstream_octets, r.downstream_octets),
      upstream_octets = greatest(s.upstream_octets, r.upstream_octets)
    from unnest(${text(({ id }) => id)}::text[], ${text(({ serviceId }) => serviceId)}::text[],
      ${text(({ address }) => address)}::inet[], ${text(({ mac }) => mac)}::text[],
      ${after(({ updatedAt }) => updatedAt / 1000)}::float8[], ${after(({ stoppedAt }) => seconds(stoppedAt))}::float8[],
      ${text(({ terminateCause }) => terminateCause)}::text[],
      ${after(({ sessionTimeSeconds }) => sessionTimeSeconds)}::bigint[],
      ${after(({ downstreamOctets }) => downstreamOctets)}::numeric[],
      ${after(({ upstreamOctets }) => upstreamOctets)}::numeric[],
      ${before(({ updatedAt }) => updatedAt / 1000)}::float8[], ${before(({ stoppedAt }) => seconds(stoppedAt))}::float8[])
      as r (id, service_id, address, mac, updated_at, stopped_at, terminate_cause, session_time_seconds,
        downstream_octets, upstream_octets, known_updated_at, known_stopped_at)
    where s.id = r.id and date_trunc('milliseconds', s.updated_at) = to_timestamp(r.known_updated_at)
      and date_trunc('milliseconds', s.stopped_at) is not distinct from to_timestamp(r.known_stopped_at)
    returning s.id`;
}

/** After those that go on: one that ends gives its key to the one that takes it. */
function begin(sessions: readonly SessionState[]) {
  const text = (pick: (state: SessionState) => string | null) => textArray(sessions.map(pick));
  const number = (pick: (state: SessionState) => number | bigint | null) => numberArray(sessions.map(pick));
  return sql`
    insert into network.session (id, nas_id, native_id, username, service_id, device_id, address, mac, started_at,
      updated_at, stopped_at, terminate_cause, session_time_seconds, downstream_octets, upstream_octets)
    select r.id, r.nas_id, r.native_id, r.username, r.service_id, r.device_id, r.address, r.mac, to_timestamp(r.started_at),
      to_timestamp(r.updated_at), to_timestamp(r.stopped_at), r.terminate_cause, r.session_time_seconds,
      r.downstream_octets, r.upstream_octets
    from unnest(${text(({ id }) => id)}::text[], ${text(({ nasId }) => nasId)}::text[],
      ${text(({ nativeId }) => nativeId)}::text[], ${text(({ username }) => username)}::text[],
      ${text(({ serviceId }) => serviceId)}::text[], ${text(({ deviceId }) => deviceId)}::text[],
      ${text(({ address }) => address)}::inet[], ${text(({ mac }) => mac)}::text[],
      ${number(({ startedAt }) => startedAt / 1000)}::float8[], ${number(({ updatedAt }) => updatedAt / 1000)}::float8[],
      ${number(({ stoppedAt }) => seconds(stoppedAt))}::float8[],
      ${text(({ terminateCause }) => terminateCause)}::text[],
      ${number(({ sessionTimeSeconds }) => sessionTimeSeconds)}::bigint[],
      ${number(({ downstreamOctets }) => downstreamOctets)}::numeric[],
      ${number(({ upstreamOctets }) => upstreamOctets)}::numeric[])
      as r (id, nas_id, native_id, username, service_id, device_id, address, mac, started_at, updated_at, stopped_at,
        terminate_cause, session_time_seconds, downstream_octets, upstream_octets)
    where (select count(*) from going) >= 0
    on conflict do nothing
    returning id`;
}

function move(moves: readonly ServiceMove[]) {
  return sql`
    update network.access a set device_id = m.device_id
    from unnest(${textArray(moves.map((one) => one.serviceId))}::text[],
      ${textArray(moves.map((one) => one.deviceId))}::text[]) as m (service_id, device_id)
    where a.service_id = m.service_id and a.device_id is distinct from m.device_id`;
}

function seconds(milliseconds: number | null): number | null {
  return milliseconds === null ? null : milliseconds / 1000;
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
