import type { Reach } from '@dotmac/device';
import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { sql } from 'kysely';
import type { DeviceFacts } from './rules.ts';

export interface WatchedDevice extends DeviceFacts {
  readonly name: string;
  readonly stateEvidence: string;
  readonly stateSource: string;
}

/** Every device as the rules need it, with those under planned work marked. */
export async function watchedDevices(db: Executor<TenantDatabase>, now: Date): Promise<WatchedDevice[]> {
  const { rows } = await sql<
    Omit<WatchedDevice, 'seenAt' | 'silentSince' | 'askedAt' | 'reach'> & {
      seenAt: Date | null;
      silentSince: Date | null;
      askedAt: Date | null;
      reachMethod: Reach['method'] | null;
      reachVerdict: Reach['verdict'] | null;
      reachRttMilliseconds: number | null;
      reachDetail: string | null;
      reachAt: Date | null;
    }
  >`
    select d.id, d.name, d.seen_at as "seenAt", d.silent_since as "silentSince", d.asked_at as "askedAt", d.missed_polls as "missedPolls",
      d.reach_method as "reachMethod", d.reach_verdict as "reachVerdict", d.reach_rtt_milliseconds as "reachRttMilliseconds",
      d.reach_detail as "reachDetail", d.reach_at as "reachAt", d.state_evidence as "stateEvidence", d.state_source as "stateSource",
      d.state = 'MAINTENANCE' or exists (
        select from network.maintenance_window w where w.device_id = d.id and w.starts_at <= ${now} and w.ends_at > ${now} and w.cancelled_at is null
      ) as maintenance,
      exists (select from network.management_address a where a.device_id = d.id) as polled
    from network.device d`.execute(db);
  return rows.map(({ reachMethod, reachVerdict, reachRttMilliseconds, reachDetail, reachAt, ...row }) => ({
    ...row,
    reach:
      reachMethod === null || reachVerdict === null || reachAt === null
        ? null
        : {
            method: reachMethod,
            verdict: reachVerdict,
            rttMilliseconds: reachRttMilliseconds,
            detail: reachDetail ?? '',
            observedAt: reachAt.getTime(),
          },
    seenAt: row.seenAt?.getTime() ?? null,
    silentSince: row.silentSince?.getTime() ?? null,
    askedAt: row.askedAt?.getTime() ?? null,
  }));
}
