import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';
import type { Session } from '../session/store.ts';

export type CgnatBlockRow = Selectable<TenantDatabase['network.cgnatBlock']>;

/** Something a session had beside its IPv4 address. */
export interface SessionPrefix {
  readonly sessionId: string;
  readonly prefix: string;
  readonly firstPort: number;
  readonly lastPort: number;
  readonly since: Date;
  /** Taken back at `since`. */
  readonly released: boolean;
}

/** Keeps what sessions have; told again, it stays as it is. */
export async function keepPrefixes(
  db: Executor<TenantDatabase>,
  prefixes: readonly SessionPrefix[],
): Promise<void> {
  const rows = prefixes.map((one) => ({
    ...one,
    since: one.since.toISOString(),
    until: one.released ? one.since.toISOString() : null,
  }));
  await sql`
    insert into network.session_prefix as p (session_id, prefix, first_port, last_port, since, until)
    select distinct on ("sessionId", prefix, "firstPort", "lastPort") "sessionId", prefix, "firstPort", "lastPort", since, until
    from json_to_recordset(${JSON.stringify(rows)}::json) as row ("sessionId" text, prefix cidr, "firstPort" integer,
      "lastPort" integer, since timestamptz, until timestamptz)
    order by "sessionId", prefix, "firstPort", "lastPort", until desc nulls last
    on conflict (session_id, prefix, first_port, last_port) do update set until = excluded.until
    where p.until is null and excluded.until is not null`.execute(db);
}

export type Holding = Session & {
  readonly interimSeconds: number;
  /** What of the session matches: the address, or a prefix with ports. */
  readonly prefix: string;
  readonly firstPort: number;
  readonly lastPort: number;
};

/** Sessions that had begun by an instant and may have had an address or something of a prefix then, the newest first. */
export async function sessionsWith(
  db: Executor<TenantDatabase>,
  which: { readonly prefix: string; readonly port: number | null; readonly at: Date },
): Promise<Holding[]> {
  const { prefix, port, at } = which;
  const { rows } = await sql<Holding>`
    with candidate as (
      select s.id, s.address::cidr as prefix, 0 as first_port, 65535 as last_port from network.session s
      where s.address = ${prefix}::inet and s.started_at <= ${at}
      union
      select p.session_id, p.prefix, p.first_port, p.last_port from network.session_prefix p
      where p.prefix >>= ${prefix}::inet and (p.until is null or p.until >= ${at}) and p.since <= ${at}::timestamptz + interval '1 minute'
        and (${port}::int is null or ${port}::int between p.first_port and p.last_port)
    )
    select s.id, s.nas_id as "nasId", s.native_id as "nativeId", s.username, s.service_id as "serviceId",
      s.device_id as "deviceId", s.address, s.mac, s.started_at as "startedAt", s.updated_at as "updatedAt",
      s.stopped_at as "stoppedAt", s.terminate_cause as "terminateCause", s.session_time_seconds as "sessionTimeSeconds",
      s.downstream_octets as "downstreamOctets", s.upstream_octets as "upstreamOctets",
      n.interim_interval_seconds as "interimSeconds", c.prefix, c.first_port as "firstPort", c.last_port as "lastPort"
    from candidate c join network.session s on s.id = c.id join network.nas n on n.id = s.nas_id
    where s.started_at <= ${at}
      and (s.stopped_at is null or s.stopped_at >= ${at}::timestamptz - make_interval(secs => 3 * n.interim_interval_seconds))
    order by s.started_at desc limit 100`.execute(db);
  return rows;
}

export async function cgnatBlocks(db: Executor<TenantDatabase>): Promise<CgnatBlockRow[]> {
  return db.selectFrom('network.cgnatBlock').selectAll().orderBy('outside').execute();
}

/** @returns null when a block of outside addresses overlaps another's. */
export async function insertCgnatBlock(
  transaction: Transaction<TenantDatabase>,
  block: {
    readonly id: string;
    readonly inside: string;
    readonly outside: string;
    readonly firstPort: number;
    readonly portsPerHost: number;
    readonly createdAt: Date;
  },
): Promise<CgnatBlockRow | null> {
  const row = await transaction
    .insertInto('network.cgnatBlock')
    .values(block)
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
  return row ?? null;
}
