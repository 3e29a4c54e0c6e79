import type { Clock } from '@dotmac/device';
import type { OidBytes } from '../codec/oid.ts';
import type { PduType } from '../codec/pdu.ts';
import type { SnmpValue } from '../codec/value.ts';
import type { Varbind } from '../codec/varbinds.ts';
import { errorStatusNames, NO_SUCH_NAME, SnmpError, TOO_BIG } from '../error.ts';
import type { Reply } from './exchange.ts';
import {
  bulkPlan,
  expectedRows,
  learnReply,
  learnRows,
  shrink,
  type Trouble,
  type Tuning,
} from './tuning.ts';
import { type Column, TableWalk } from './walk.ts';

export interface TableOptions {
  readonly signal?: AbortSignal | undefined;
  /** A scalar without its `.0`, such as sysUpTime, asked for in every request beside the columns. */
  readonly companion?: OidBytes;
  /** Rows kept. Default 20,000. */
  readonly maxRows?: number;
  /** Requests sent, retransmissions not counted. Default 5,000. */
  readonly maxPackets?: number;
  /** Octets received. Default 16 MiB. */
  readonly maxOctets?: number;
  /** Milliseconds for all of it. Default 60,000. */
  readonly maxMilliseconds?: number;
}

/** A value of a row, in the order of the columns; undefined when the row lacks the column. */
export type Row = readonly (SnmpValue | undefined)[];

export interface TableResult {
  /** By index, as dotted text (`7`, `10.0.0.1`), in the order of arrival. */
  readonly rows: ReadonlyMap<string, Row>;
  /** The companion scalar from the reply that brought the first value of a row, by the row's index. */
  readonly companions: ReadonlyMap<string, SnmpValue>;
  /** Every column was read to its end. Otherwise a missing row means nothing. */
  readonly complete: boolean;
  /** What went wrong, for people; empty when nothing did. */
  readonly warnings: readonly string[];
  readonly packets: number;
  readonly octets: number;
}

export interface TableSource {
  readonly version: '1' | '2c' | '3';
  request(
    type: PduType,
    varbinds: readonly Varbind[],
    options: {
      tries?: number | undefined;
      signal?: AbortSignal | undefined;
      nonRepeaters?: number;
      repetitions?: number;
    },
  ): Promise<Reply>;
}

const NULL_VALUE: SnmpValue = { type: 'null' };

/**
 * Reads columns side by side by GETBULK, smaller when the agent cannot, and never longer than the caps allow.
 * Rejects only with `cancelled`, `closed`, credential errors, or when the very first request gets no answer;
 * after that, whatever was read is kept and the reason for the end is a warning.
 */
export async function walkTable(
  source: TableSource,
  tuning: Tuning,
  clock: Clock,
  prefixes: readonly OidBytes[],
  options: TableOptions,
): Promise<TableResult> {
  const walk = new TableWalk(prefixes);
  const passed = stopwatch(clock);
  if (source.version === '1') tuning.method = 'next';
  const expected = expectedRows(tuning, prefixes);
  for (;;) {
    const waiting = walk.columns.filter((column) => !column.done);
    if (waiting.length === 0) break;
    const cap = reachedCap(walk, options, passed() >= (options.maxMilliseconds ?? 60_000));
    if (cap !== null) {
      walk.stop(cap);
      break;
    }
    const plan = bulkPlan(tuning, waiting.length, expected - walk.rowCount);
    const active = waiting.slice(0, plan.columns);
    const trouble = await step(source, walk, active, plan.repetitions, tuning, options);
    if (trouble === null) continue;
    if (!shrink(tuning, trouble.kind, plan)) {
      if (walk.packets === 0 && trouble.error !== undefined) throw trouble.error;
      walk.stop(trouble.error?.message ?? `the agent answers ${trouble.kind} even for one object`);
      break;
    }
  }
  const result = walk.result();
  if (result.complete) learnRows(tuning, prefixes, result.rows.size);
  return result;
}

/** One request with all its tries takes less. */
const MOST_STEP_MILLISECONDS = 20_000;

/** The milliseconds that passed from look to look: a clock that is set meanwhile adds one step at most, and takes none away. */
function stopwatch(clock: Clock): () => number {
  let last = clock.now();
  let sum = 0;
  return () => {
    const now = clock.now();
    sum += Math.min(MOST_STEP_MILLISECONDS, Math.max(0, now - last));
    last = now;
    return sum;
  };
}

function reachedCap(walk: TableWalk, options: TableOptions, late: boolean): string | null {
  if (late) return `stopped after ${options.maxMilliseconds ?? 60_000} ms`;
  if (walk.rowCount >= (options.maxRows ?? 20_000)) return `stopped at ${walk.rowCount} rows`;
  if (walk.packets >= (options.maxPackets ?? 5_000)) return `stopped at ${walk.packets} packets`;
  if (walk.octets >= (options.maxOctets ?? 16 * 1024 * 1024)) return `stopped at ${walk.octets} octets`;
  return null;
}

/** One round trip. Null when it brought the walk forward. */
async function step(
  source: TableSource,
  walk: TableWalk,
  active: readonly Column[],
  repetitions: number,
  tuning: Tuning,
  { signal, companion }: TableOptions,
): Promise<{ kind: Trouble; error?: SnmpError } | null> {
  const bulk = tuning.method === 'bulk';
  const before = companion === undefined ? [] : [companion];
  const varbinds = [...before, ...active.map((column) => column.last)].map((oid) => ({
    oid,
    value: NULL_VALUE,
  }));
  let reply: Reply;
  try {
    reply = await source.request(bulk ? 'getBulk' : 'getNext', varbinds, {
      nonRepeaters: bulk ? before.length : 0,
      repetitions: bulk ? repetitions : 0,
      // A size that never gets through should not cost the whole budget before a smaller one is tried.
      tries: bulk && repetitions > 1 ? 2 : undefined,
      signal,
    });
  } catch (error) {
    if (!(error instanceof SnmpError)) throw error;
    if (error.code === 'timeout' || error.code === 'malformed') return { kind: error.code, error };
    throw error;
  }
  walk.packets++;
  walk.octets += reply.octets;
  const { errorStatus, errorIndex, list } = reply.pdu;
  if (errorStatus === TOO_BIG) return { kind: 'tooBig' };
  if (errorStatus !== 0) {
    const column = active[errorIndex - 1 - before.length];
    if (column === undefined && active.length > 1) return { kind: 'malformed' };
    const refused = column ?? (active[0] as Column);
    if (errorStatus === NO_SUCH_NAME) refused.done = true;
    else walk.cut(refused, `the agent answered ${errorStatusNames[errorStatus] ?? errorStatus}`);
    return null;
  }
  if (list.length <= before.length) return { kind: 'empty' };
  walk.take(active, list, before.length);
  learnReply(tuning, reply.octets, list.length);
  return null;
}
