import type { TenantDatabase } from '@dotmac/migrations';
import { type ArrayValue, eventsInsert, type NewEvent, StatementValues } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Kysely } from 'kysely';
import { linesUpsert, type SessionLine } from '../place/line-store.ts';
import type { SessionState } from './rules.ts';

/** A session as it shall be, and what was known of it when that was decided. */
export interface SessionChange {
  /** As the database has it; null for one that begins. */
  readonly before: SessionState | null;
  readonly after: SessionState;
  /** For one that begins: the newest session of its key that the database has; null for none. */
  readonly follows: string | null;
  readonly told: NewEvent<TenantEvents> | null;
}

/** A service that came online at a device. */
export interface ServiceMove {
  readonly serviceId: string;
  readonly deviceId: string;
}

export interface Written {
  /** The ids of the sessions that were written. */
  readonly ids: ReadonlySet<string>;
  /** A session began on another line than its service's last one. */
  readonly newLines: boolean;
}

/**
 * Writes sessions, where their services are online now and on which line, and the events that tell of it: one statement,
 * which is a transaction of its own. A session that somebody else has written since is left alone with its event, and so is
 * a beginning that does not follow what was known.
 */
export async function writeSessions(
  db: Kysely<TenantDatabase>,
  changes: readonly SessionChange[],
  { moves, lines }: { readonly moves: readonly ServiceMove[]; readonly lines: readonly SessionLine[] },
): Promise<Written> {
  const going: Going[] = [];
  const begun: SessionChange[] = [];
  const told: NewEvent<TenantEvents>[] = [];
  const toldOf: string[] = [];
  for (const change of changes) {
    if (goesOn(change)) going.push(change);
    else begun.push(change);
    if (change.told === null) continue;
    told.push(change.told);
    toldOf.push(change.after.id);
  }
  const values = new StatementValues();
  const parts: string[] = [];
  const written: string[] = [];
  if (going.length > 0) {
    parts.push(`going as (${goOn(values, going)})`);
    written.push('select id from going');
  }
  if (begun.length > 0) {
    const ending = new Set(going.map(({ before }) => before.id));
    parts.push(`begun as (${begin(values, begun, ending)})`);
    written.push('select id from begun');
  }
  if (written.length === 0) return { ids: new Set(), newLines: false };
  parts.push(`written as (${written.join(' union all ')})`);
  if (moves.length > 0) parts.push(`moved as (${move(values, moves)})`);
  if (lines.length > 0) parts.push(`lined as (${linesUpsert(values, lines)})`);
  if (told.length > 0)
    parts.push(`told as (${eventsInsert(values, told, { keys: toldOf, among: 'select id from written' })})`);
  // All are written but in rare cases, and their ids need not come back.
  const [row] = await values.run<{ ids: readonly string[] | null; newLines: boolean }>(
    db,
    `with ${parts.join(', ')}
    select case when count(*) < ${values.add(changes.length)}::bigint then coalesce(array_agg(id), '{}') end as "ids",
      ${lines.length > 0 ? 'exists (select from lined)' : 'false'} as "newLines"
    from written`,
  );
  if (row === undefined) throw new Error('A query of totals has no row');
  const { ids, newLines } = row;
  return { ids: new Set(ids ?? changes.map(({ after }) => after.id)), newLines };
}

type Going = SessionChange & { readonly before: SessionState };
const goesOn = (change: SessionChange): change is Going => change.before !== null;

type Pick = (state: SessionState) => ArrayValue;

/** Octets have 64 bits without a sign: as numbers where all of them are less than half of that, else as text. */
function octets(
  values: StatementValues,
  changes: readonly SessionChange[],
  pick: (state: SessionState) => bigint,
) {
  const small = changes.every(({ after }) => pick(after) < 2n ** 63n);
  return values.array(small ? 'bigint' : 'text', changes, ({ after }) =>
    small ? pick(after) : `${pick(after)}`,
  );
}

/** Counters never go back, whoever wrote them. Times are compared as this process knows them, in milliseconds. */
function goOn(values: StatementValues, changes: readonly Going[]): string {
  const text = (pick: Pick) => values.array('text', changes, ({ after }) => pick(after));
  const time = (pick: Pick) => values.array('timestamptz', changes, ({ after }) => pick(after));
  return `
    update network.session s set service_id = r.service_id, address = r.address::inet, mac = r.mac,
      updated_at = r.updated_at, stopped_at = r.stopped_at, terminate_cause = r.terminate_cause,
      session_time_seconds = greatest(s.session_time_seconds, r.session_time_seconds),
      downstream_octets = greatest(s.downstream_octets, r.downstream_octets::numeric),
      upstream_octets = greatest(s.upstream_octets, r.upstream_octets::numeric)
    from unnest(${text(({ id }) => id)}, ${text(({ serviceId }) => serviceId)}, ${text(({ address }) => address)},
      ${text(({ mac }) => mac)}, ${time(({ updatedAt }) => updatedAt)}, ${time(({ stoppedAt }) => stoppedAt)},
      ${text(({ terminateCause }) => terminateCause)},
      ${values.array('bigint', changes, ({ after }) => after.sessionTimeSeconds)},
      ${octets(values, changes, (state) => state.downstreamOctets)}, ${octets(values, changes, (state) => state.upstreamOctets)},
      ${values.array('timestamptz', changes, ({ before }) => before.updatedAt)},
      ${values.array('timestamptz', changes, ({ before }) => before.stoppedAt)})
      as r (id, service_id, address, mac, updated_at, stopped_at, terminate_cause, session_time_seconds,
        downstream_octets, upstream_octets, known_updated_at, known_stopped_at)
    where s.id = r.id and date_trunc('milliseconds', s.updated_at) = r.known_updated_at
      and date_trunc('milliseconds', s.stopped_at) is not distinct from r.known_stopped_at
    returning s.id`;
}

/**
 * After those that go on: one that ends gives its key to the one that takes it. One whose key has had another session
 * meanwhile, or whose predecessor somebody else has written, does not begin.
 * @param ending ids of the sessions that are written in the same statement
 */
function begin(
  values: StatementValues,
  changes: readonly SessionChange[],
  ending: ReadonlySet<string>,
): string {
  const text = (pick: Pick) => values.array('text', changes, ({ after }) => pick(after));
  const time = (pick: Pick) => values.array('timestamptz', changes, ({ after }) => pick(after));
  const replaces = changes.map(({ follows }) => (follows !== null && ending.has(follows) ? follows : null));
  const ends = replaces.some((id) => id !== null);
  return `
    insert into network.session (id, nas_id, native_id, username, service_id, device_id, address, mac, started_at,
      updated_at, stopped_at, terminate_cause, session_time_seconds, downstream_octets, upstream_octets)
    select r.id, r.nas_id, r.native_id, r.username, r.service_id, r.device_id, r.address::inet, r.mac, r.started_at,
      r.updated_at, r.stopped_at, r.terminate_cause, r.session_time_seconds, r.downstream_octets::numeric,
      r.upstream_octets::numeric
    from unnest(${text(({ id }) => id)}, ${text(({ nasId }) => nasId)}, ${text(({ nativeId }) => nativeId)},
      ${text(({ username }) => username)}, ${text(({ serviceId }) => serviceId)}, ${text(({ deviceId }) => deviceId)},
      ${text(({ address }) => address)}, ${text(({ mac }) => mac)}, ${time(({ startedAt }) => startedAt)},
      ${time(({ updatedAt }) => updatedAt)}, ${time(({ stoppedAt }) => stoppedAt)},
      ${text(({ terminateCause }) => terminateCause)},
      ${values.array('bigint', changes, ({ after }) => after.sessionTimeSeconds)},
      ${octets(values, changes, (state) => state.downstreamOctets)}, ${octets(values, changes, (state) => state.upstreamOctets)},
      ${values.array('text', changes, ({ follows }) => follows)}${ends ? `, ${values.array('text', replaces, (id) => id)}` : ''})
      as r (id, nas_id, native_id, username, service_id, device_id, address, mac, started_at, updated_at, stopped_at,
        terminate_cause, session_time_seconds, downstream_octets, upstream_octets, follows${ends ? ', replaces' : ''})
    where (select o.id from network.session o
        where o.nas_id = r.nas_id and o.native_id = r.native_id and o.username = r.username
        order by o.started_at desc, o.id desc limit 1) is not distinct from r.follows
      ${ends ? 'and (r.replaces is null or (r.replaces in (select id from going)) is true) and (select count(*) from going) >= 0' : ''}
    on conflict do nothing
    returning id`;
}

function move(values: StatementValues, moves: readonly ServiceMove[]): string {
  return `
    update network.access a set device_id = m.device_id
    from unnest(${values.array('text', moves, (one) => one.serviceId)},
      ${values.array('text', moves, (one) => one.deviceId)}) as m (service_id, device_id)
    where a.service_id = m.service_id and a.device_id is distinct from m.device_id`;
}
