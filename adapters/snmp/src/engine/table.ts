import type { Clock } from '@dotmac/device';
import { compareOids, decodeIndex, decodeOid, isBelow, type OidBytes } from '../codec/oid.ts';
import type { PduType, Varbind } from '../codec/pdu.ts';
import type { SnmpValue } from '../codec/value.ts';
import { errorStatusNames, NO_SUCH_NAME, SnmpError, TOO_BIG } from '../error.ts';
import type { Reply } from './exchange.ts';
import { bulkPlan, learnReply, shrink, type Trouble, type Tuning } from './tuning.ts';

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

interface Column {
  readonly position: number;
  readonly prefix: OidBytes;
  last: OidBytes;
  done: boolean;
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
  const deadline = clock.now() + (options.maxMilliseconds ?? 60_000);
  if (source.version === '1') tuning.method = 'next';
  for (;;) {
    const waiting = walk.columns.filter((column) => !column.done);
    if (waiting.length === 0) break;
    const cap = reachedCap(walk, options, clock.now() >= deadline);
    if (cap !== null) {
      walk.stop(cap);
      break;
    }
    const plan = bulkPlan(tuning, waiting.length);
    const active = waiting.slice(0, plan.columns);
    const trouble = await step(source, walk, active, plan.repetitions, tuning, options);
    if (trouble === null) continue;
    if (!shrink(tuning, trouble.kind, plan)) {
      if (walk.packets === 0 && trouble.error !== undefined) throw trouble.error;
      walk.stop(trouble.error?.message ?? `the agent answers ${trouble.kind} even for one object`);
      break;
    }
  }
  return walk.result();
}

function reachedCap(walk: TableWalk, options: TableOptions, late: boolean): string | null {
  if (late) return `stopped after ${options.maxMilliseconds ?? 60_000} ms`;
  if (walk.rows.size >= (options.maxRows ?? 20_000)) return `stopped at ${walk.rows.size} rows`;
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
  const { errorStatus, errorIndex, varbinds: answers } = reply.pdu;
  if (errorStatus === TOO_BIG) return { kind: 'tooBig' };
  if (errorStatus !== 0) {
    const column = active[errorIndex - 1 - before.length];
    if (column === undefined && active.length > 1) return { kind: 'malformed' };
    const refused = column ?? (active[0] as Column);
    if (errorStatus === NO_SUCH_NAME) refused.done = true;
    else walk.cut(refused, `the agent answered ${errorStatusNames[errorStatus] ?? errorStatus}`);
    return null;
  }
  if (answers.length <= before.length) return { kind: 'empty' };
  walk.take(active, answers.slice(before.length), companion === undefined ? undefined : answers[0]?.value);
  learnReply(tuning, reply.octets, answers.length);
  return null;
}

/** The rows and the columns of a walk under way. */
class TableWalk {
  readonly columns: readonly Column[];
  readonly rows = new Map<string, (SnmpValue | undefined)[]>();
  readonly companions = new Map<string, SnmpValue>();
  readonly #warnings: string[] = [];
  #malformed = 0;
  #complete = true;
  packets = 0;
  octets = 0;

  constructor(prefixes: readonly OidBytes[]) {
    this.columns = prefixes.map((prefix, position) => ({ position, prefix, last: prefix, done: false }));
  }

  take(active: readonly Column[], answers: readonly Varbind[], companion: SnmpValue | undefined): void {
    for (let i = 0; i < answers.length; i++) {
      const column = active[i % active.length] as Column;
      if (column.done) continue;
      const { oid, value } = answers[i] as Varbind;
      if (value.type === 'endOfMibView') {
        column.done = true;
        continue;
      }
      // Before the end of the column is believed: an agent that jumps back has not come to it.
      if (compareOids(oid, column.last) <= 0) {
        this.cut(column, 'the agent returned object identifiers that do not increase');
        continue;
      }
      if (!isBelow(oid, column.prefix)) {
        column.done = true;
        continue;
      }
      const index = decodeIndex(oid, column.prefix.length);
      if (index === null) {
        this.cut(column, 'the agent returned an object identifier that is none');
        continue;
      }
      column.last = oid;
      if (value.type === 'malformed') this.#malformed++;
      // Agents have been seen to return an exception in the middle of a table; there is nothing to keep.
      if (value.type === 'noSuchInstance' || value.type === 'noSuchObject') continue;
      if (companion !== undefined && !this.companions.has(index)) this.companions.set(index, companion);
      this.#put(index, column.position, value);
    }
  }

  #put(index: string, position: number, value: SnmpValue): void {
    let row = this.rows.get(index);
    if (row === undefined) {
      row = new Array<SnmpValue | undefined>(this.columns.length).fill(undefined);
      this.rows.set(index, row);
    }
    row[position] = value;
  }

  /** Ends one column before its end. */
  cut(column: Column, reason: string): void {
    column.done = true;
    this.#complete = false;
    this.#warnings.push(`${decodeOid(column.prefix)}: ${reason}; rows before are kept`);
  }

  /** Ends the walk before its end. */
  stop(reason: string): void {
    this.#complete = false;
    const open = this.columns.filter((column) => !column.done).map((column) => decodeOid(column.prefix));
    this.#warnings.push(`${open.join(', ')}: ${reason}; rows before are kept`);
  }

  result(): TableResult {
    const warnings = [...this.#warnings];
    if (this.#malformed > 0) warnings.push(`${this.#malformed} values were malformed and left out`);
    return {
      rows: this.rows,
      companions: this.companions,
      complete: this.#complete,
      warnings,
      packets: this.packets,
      octets: this.octets,
    };
  }
}
