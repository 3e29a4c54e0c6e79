import type { TenantDatabase } from '@dotmac/migrations';
import { type Executor, type Page, pageBy, StatementValues } from '@dotmac/platform';
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
const sessionColumns = `s.id, s.nas_id as "nasId", s.native_id as "nativeId", s.username, s.service_id as "serviceId",
  s.device_id as "deviceId", s.address, s.mac, s.started_at as "startedAt", s.updated_at as "updatedAt",
  s.stopped_at as "stoppedAt", s.terminate_cause as "terminateCause", s.session_time_seconds as "sessionTimeSeconds",
  s.downstream_octets as "downstreamOctets", s.upstream_octets as "upstreamOctets"`;

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
  const values = new StatementValues();
  const rows = await values.run<Session>(
    db,
    `select ${sessionColumns}
    from unnest(${values.array('text', keys, (key) => key.nasId)}, ${values.array('text', keys, (key) => key.nativeId)},
      ${values.array('text', keys, (key) => key.username)}) as k (nas_id, native_id, username)
    cross join lateral (
      select * from network.session
      where nas_id = k.nas_id and native_id = k.native_id and username = k.username
      order by started_at desc, id desc limit 1
    ) s`,
  );
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
  {
    now,
    hearingSince,
    cause,
    limit,
  }: {
    readonly now: Date;
    /** Nobody is silent for longer than somebody could be heard. */
    readonly hearingSince: Date;
    readonly cause: string;
    readonly limit: number;
  },
): Promise<SessionState[]> {
  const { rows } = await sql<Session>`
    update network.session s set stopped_at = s.updated_at, terminate_cause = ${cause}
    where s.id in (
      select l.id from network.session l join network.nas n on n.id = l.nas_id
      where l.stopped_at is null
        and greatest(l.updated_at, ${hearingSince}::timestamptz)
          < ${now}::timestamptz - make_interval(secs => greatest(3 * n.interim_interval_seconds, 900))
      order by l.id limit ${limit} for update of l skip locked
    )
    returning ${sql.raw(sessionColumns)}`.execute(transaction);
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
