import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { idleProcessFlags } from '@dotmac/platform';
import type { Report } from '../report.ts';
import { type BenchDatabase, startDatabase } from './database.ts';
import { loadFreeRadius, missingFreeRadius, startFreeRadius } from './free-radius.ts';
import { msChapLoad } from './ms-chap-load.ts';
import { loadOwn, type OwnUsers, ownDatabase, ownSealingKey } from './own-users.ts';
import { familyTime, processTime } from './process-time.ts';
import { buildRadgen, type Load, type LoadResult } from './radgen.ts';

/** A server under comparison. */
export interface Contestant {
  readonly name: string;
  readonly pid: number;
  readonly authPort: number;
  readonly acctPort: number;
  /** Empties its tables of sessions. */
  forgetSessions(): Promise<void>;
  /** Until everything that was answered is in its table of sessions. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

export interface Measured extends LoadResult {
  /** Microseconds of the server and of the database per answered request. */
  readonly serverCpu: number;
  readonly databaseCpu: number;
}

interface Test {
  readonly name: string;
  readonly mode: Load['mode'];
  readonly inFlight: number;
}

const rounds = 4;
const seconds = 3;
const warmUpSeconds = 1;
const tests: readonly Test[] = [
  { name: 'PAP, 64 in flight', mode: 'pap', inFlight: 64 },
  { name: 'CHAP, 64 in flight', mode: 'chap', inFlight: 64 },
  { name: 'MS-CHAPv2, 64 in flight', mode: 'mschap', inFlight: 64 },
  { name: 'accounting, 64 in flight', mode: 'acct', inFlight: 64 },
  { name: 'accounting, 512 in flight', mode: 'acct', inFlight: 512 },
];
/** Requests that may wait under overload: what a NAS's time-out would leave of a longer queue is only retransmissions. */
const overloadInFlight = 8000;

/**
 * DotMac (login policy, event log, durable accounting) against FreeRADIUS 3.2 with the same users in the same durable
 * PostgreSQL, and against FreeRADIUS with the users in memory, in alternating rounds of one run.
 */
export async function run(report: Report): Promise<void> {
  const missing = missingFreeRadius();
  const folder = mkdtempSync(join(tmpdir(), 'dotmac-bench-radius-'));
  const radgen = await buildRadgen(folder);
  if (missing !== null || radgen === null) {
    report.note(`left out: ${missing ?? 'the load generator ../shared/tools/radgen is not there'}`);
    return;
  }
  const stops: (() => Promise<void>)[] = [async () => rmSync(folder, { recursive: true, force: true })];
  try {
    const database = await startDatabase(folder);
    stops.push(() => database.stop());
    const ask = (server: Contestant, load: Load) => measure(database, radgen, server, load);
    const add = async (contestant: Promise<Contestant>) => {
      const started = await contestant;
      stops.push(() => started.stop());
      return started;
    };
    const own = await add(startOwn(database));
    await loadFreeRadius(database);
    const sql = await add(freeRadius(folder, 'sql', 21812, database));
    const files = await add(freeRadius(folder, 'files', 21822, database));
    const peak = new Map<string, { own: number; sql: number }>();
    for (const test of tests) peak.set(test.name, await compare(report, ask, test, { own, sql, files }));
    await overload(report, ask, 'pap', peak.get('PAP, 64 in flight'), { own, sql });
    await overload(report, ask, 'acct', peak.get('accounting, 512 in flight'), { own, sql });
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

type Ask = (server: Contestant, load: Load) => Promise<Measured>;

/** Requests per second and CPU time in alternating rounds, the order turned in every second one. */
async function compare(
  report: Report,
  ask: Ask,
  { name, mode, inFlight }: Test,
  { own, sql, files }: { own: Contestant; sql: Contestant; files: Contestant },
): Promise<{ own: number; sql: number }> {
  const accounting = mode === 'acct';
  const contestants = accounting ? [own, sql] : [own, sql, files];
  const measured = new Map<Contestant, Measured[]>(contestants.map((contestant) => [contestant, []]));
  for (let round = 0; round < rounds; round++) {
    for (const contestant of round % 2 === 0 ? contestants : contestants.toReversed()) {
      const port = accounting ? contestant.acctPort : contestant.authPort;
      const result = await ask(contestant, { mode, port, seconds, warmUpSeconds, inFlight });
      if (result.bad > 0 || result.rejected > 0)
        throw new Error(`${contestant.name} answered wrongly: ${JSON.stringify(result)}`);
      report.note(`${name}, round ${round + 1}, ${contestant.name}: ${JSON.stringify(result)}`);
      measured.get(contestant)?.push(result);
    }
  }
  const ours = measured.get(own) ?? [];
  const figure = (
    peer: Contestant,
    metric: string,
    unit: string,
    pick: (result: Measured) => number,
    more: 'BETTER' | 'WORSE',
  ) => {
    const theirs = measured.get(peer) ?? [];
    const ratios = ours.map((mine, round) => pick(mine) / pick(theirs[round] as Measured));
    const ratio = more === 'BETTER' ? median(ratios) : 1 / median(ratios);
    report.figure({
      metric: `${metric}, ${name}`,
      value: rounded(median(ours.map(pick))),
      unit,
      peer: peer.name,
      peerValue: rounded(median(theirs.map(pick))),
      ratio: rounded(ratio),
    });
  };
  const cpu = ({ serverCpu, databaseCpu }: Measured) => serverCpu + databaseCpu;
  figure(sql, 'throughput', 'requests/s', ({ rps }) => rps, 'BETTER');
  figure(sql, 'CPU per request with database', 'µs', cpu, 'WORSE');
  figure(sql, 'p99', 'ms', ({ p99_ms }) => p99_ms, 'WORSE');
  if (!accounting) {
    figure(files, 'throughput', 'requests/s', ({ rps }) => rps, 'BETTER');
    figure(files, 'CPU per request', 'µs', cpu, 'WORSE');
  }
  const rps = (contestant: Contestant) => median((measured.get(contestant) ?? []).map((one) => one.rps));
  return { own: rps(own), sql: rps(sql) };
}

/** Twice what FreeRADIUS can do: nobody is lost. Three times what we can do: most of our peak is still answered. */
async function overload(
  report: Report,
  ask: Ask,
  mode: 'pap' | 'acct',
  peak: { own: number; sql: number } | undefined,
  { own, sql }: { own: Contestant; sql: Contestant },
): Promise<void> {
  if (peak === undefined) return;
  const offer = (server: Contestant, rate: number) =>
    ask(server, {
      mode,
      port: mode === 'acct' ? server.acctPort : server.authPort,
      seconds,
      warmUpSeconds,
      inFlight: overloadInFlight,
      rate: Math.round(rate),
    });
  const kind = mode === 'acct' ? 'accounting' : 'authentication';
  const [ours, theirs] = [await offer(own, 2 * peak.sql), await offer(sql, 2 * peak.sql)];
  report.note(`${kind}, twice FreeRADIUS' capacity: ${JSON.stringify([ours, theirs])}`);
  report.figure({
    metric: `lost at ${Math.round(2 * peak.sql)}/s, twice FreeRADIUS' capacity, ${kind}`,
    value: ours.lost + ours.not_sent,
    unit: 'requests',
    peer: sql.name,
    peerValue: theirs.lost + theirs.not_sent,
  });
  const flooded = await offer(own, 3 * peak.own);
  report.note(`${kind}, three times our capacity: ${JSON.stringify(flooded)}`);
  report.figure({
    metric: `goodput at ${Math.round(3 * peak.own)}/s, three times our capacity, ${kind}`,
    value: Math.round(flooded.rps),
    unit: 'requests/s',
    peer: 'our own peak',
    peerValue: Math.round(peak.own),
    ratio: rounded(flooded.rps / peak.own),
  });
}

async function measure(
  database: BenchDatabase,
  radgen: (load: Load) => Promise<LoadResult>,
  server: Contestant,
  load: Load,
): Promise<Measured> {
  if (load.mode === 'acct') await server.forgetSessions();
  const before = [processTime(server.pid), familyTime(database.pid)] as const;
  const result = load.mode === 'mschap' ? await msChapLoad(load) : await radgen(load);
  const ended = performance.now();
  if (load.mode === 'acct') await server.settled();
  // What is answered now and worked off later is no throughput.
  const lasted = (load.seconds + load.warmUpSeconds) * 1000;
  const sustained = lasted / (lasted + performance.now() - ended);
  const perRequest = (microseconds: number) => rounded(microseconds / Math.max(1, result.answered));
  return {
    ...result,
    rps: result.rps * sustained,
    serverCpu: perRequest(processTime(server.pid) - before[0]),
    databaseCpu: perRequest(familyTime(database.pid) - before[1]),
  };
}

/** Loads the users and starts DotMac in a process of its own. With a tenant's flags of Node, and `execArgv`. */
export async function startOwn(
  database: BenchDatabase,
  users: OwnUsers = {},
  execArgv: readonly string[] = [],
): Promise<Contestant> {
  await loadOwn(database, users);
  const argument = JSON.stringify({
    connectionString: database.urlOf(ownDatabase),
    sealingKey: ownSealingKey.toString('hex'),
  });
  const child = fork(new URL('./servers/own.ts', import.meta.url), [argument], {
    env: { ...process.env, NODE_ENV: 'production' },
    execArgv: [...idleProcessFlags, ...execArgv],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  const [ports] = (await Promise.race([
    once(child, 'message'),
    exited.then(([code]) => Promise.reject(new Error(`DotMac ended with ${code}`))),
  ])) as [{ authPort: number; acctPort: number }];
  return {
    name: 'DotMac',
    pid: child.pid ?? 0,
    ...ports,
    forgetSessions: () =>
      database.run(
        'truncate network.session, network.usage_counted, events.event cascade; checkpoint',
        ownDatabase,
      ),
    settled: () =>
      database.run(
        'do $$ begin while exists (select from network.accounting_journal) loop perform pg_sleep(0.01); end loop; end $$',
        ownDatabase,
      ),
    async stop() {
      child.disconnect();
      await exited;
    },
  };
}

async function freeRadius(
  folder: string,
  users: 'sql' | 'files',
  port: number,
  database: BenchDatabase,
): Promise<Contestant> {
  const own = join(folder, users);
  mkdirSync(own);
  const server = await startFreeRadius(own, users, port, database);
  return {
    ...server,
    name: users === 'sql' ? 'FreeRADIUS 3.2 + SQL' : 'FreeRADIUS 3.2, users in memory',
    forgetSessions: () => database.run('truncate radacct; checkpoint', 'radius'),
    settled: async () => undefined,
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN;
  return (lower + upper) / 2;
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
