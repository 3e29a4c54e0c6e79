import assert from 'node:assert/strict';
import { startTestPostgres } from '@dotmac/hosting';
import type { TenantDatabase } from '@dotmac/migrations';
import { silentLogger } from '@dotmac/platform';
import { proveLedger, type RunServices, runBilling } from '@dotmac/subgraph-billing';
import { type Kysely, sql } from 'kysely';
import type { Report } from '../report.ts';
import { parentOf, serverCpuSeconds } from './cpu-time.ts';
import { billInSql } from './pure-sql.ts';
import { runDate, seed } from './seed.ts';

const subscribers = Number(process.env.DOTMAC_BENCH_SUBSCRIBERS ?? 20_000);
const rounds = Number(process.env.DOTMAC_BENCH_ROUNDS ?? 3);

interface Measured {
  readonly seconds: number;
  /** Of Node and the database server together. */
  readonly cpuSeconds: number;
  /** Of that, Node's. */
  readonly nodeSeconds: number;
  readonly peakHeapBytes: number;
}

/**
 * The billing run of so many subscribers with two lines each, on a durable server with all constraints, against pure
 * INSERT … SELECT of the same rows (the lower bound) and against a transaction per subscriber. Alternated rounds.
 */
export async function run(report: Report): Promise<void> {
  const server = await startTestPostgres({ durable: true });
  const fresh = async (count: number) => seed(await server.createDatabase(), count);
  try {
    const [own, pure, single]: [Measured[], Measured[], Measured[]] = [[], [], []];
    // One transaction per subscriber is slow: a share of them is enough to know its pace.
    const few = Math.max(100, Math.floor(subscribers / 50));
    // Code and plans are warm before anybody is measured.
    for (const work of [(db: Kysely<TenantDatabase>) => bill(db, 1_000, 500), billInSql])
      await measure(await fresh(1_000), work);
    for (let round = 0; round < rounds; round += 1) {
      report.note(`round ${round + 1} of ${rounds}`);
      own.push(await measure(await fresh(subscribers), (db) => bill(db, subscribers, 1_000)));
      pure.push(await measure(await fresh(subscribers), (db) => billInSql(db)));
      single.push(await measure(await fresh(few), (db) => bill(db, few, 1)));
      const said = ([name, { seconds, cpuSeconds }]: readonly [string, Measured]) =>
        `${name} ${rounded(seconds)} s, ${rounded(cpuSeconds)} s of CPU`;
      const last = [
        ['own', own.at(-1)],
        ['pure SQL', pure.at(-1)],
        [`${few} single`, single.at(-1)],
      ] as const;
      report.note(last.flatMap(([name, one]) => (one === undefined ? [] : said([name, one]))).join('; '));
    }
    const pace = (all: readonly Measured[], count: number) => count / median(all.map((one) => one.seconds));
    const cpu = (all: readonly Measured[]) => median(all.map((one) => one.cpuSeconds));
    const figure = (
      metric: string,
      value: number,
      unit: string,
      peer: string,
      peerValue: number,
      ratio: number,
    ) =>
      report.figure({
        metric: `${metric}, ${subscribers} subscribers of 2 lines`,
        value: rounded(value),
        unit,
        peer,
        peerValue: rounded(peerValue),
        ratio: rounded(ratio),
      });
    const [ownPace, purePace, singlePace] = [
      pace(own, subscribers),
      pace(pure, subscribers),
      pace(single, few),
    ];
    figure('CPU', cpu(own), 's', 'pure INSERT … SELECT', cpu(pure), cpu(pure) / cpu(own));
    figure('throughput', ownPace, 'invoices/s', 'pure INSERT … SELECT', purePace, ownPace / purePace);
    figure(
      'throughput',
      ownPace,
      'invoices/s',
      'a transaction per subscriber',
      singlePace,
      ownPace / singlePace,
    );
    report.figure({
      metric: `CPU of Node in that, ${subscribers} subscribers`,
      value: rounded(median(own.map((one) => one.nodeSeconds))),
      unit: 's',
    });
    report.figure({
      metric: `heap at its peak, ${subscribers} subscribers`,
      value: rounded(median(own.map((one) => one.peakHeapBytes)) / 1e6),
      unit: 'MB',
    });
  } finally {
    await server.close();
  }
}

async function bill(database: Kysely<TenantDatabase>, expected: number, chunkSize: number): Promise<void> {
  const services: RunServices = {
    database,
    clock: { now: () => Date.parse(`${runDate}T12:00:00Z`) },
    logger: silentLogger,
    tenant: {
      id: 'ten_bench',
      slug: 'bench',
      name: 'Bench',
      timeZone: 'UTC',
      currency: 'USD',
      demo: false,
    },
  };
  const act = { today: runDate, now: services.clock.now(), actor: 'bench' };
  const result = await runBilling(services, runDate, act, chunkSize);
  assert.deepEqual(
    { documents: result.documents, problems: result.problems },
    { documents: expected, problems: [] },
  );
}

/** Measures work on a database of its own, checks what it wrote, and closes it. */
async function measure(
  database: Kysely<TenantDatabase>,
  work: (database: Kysely<TenantDatabase>) => Promise<void>,
): Promise<Measured> {
  try {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(database);
    const postmaster = await parentOf(rows[0]?.pid ?? 0);
    await sql`checkpoint`.execute(database);
    let peakHeapBytes = 0;
    const watch = setInterval(() => {
      peakHeapBytes = Math.max(peakHeapBytes, process.memoryUsage().heapUsed);
    }, 50);
    const serverBefore = await serverCpuSeconds(postmaster);
    const [cpuBefore, start] = [process.cpuUsage(), performance.now()];
    try {
      await work(database);
    } finally {
      clearInterval(watch);
    }
    const seconds = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(cpuBefore);
    const nodeSeconds = (user + system) / 1e6;
    const cpuSeconds = nodeSeconds + (await serverCpuSeconds(postmaster)) - serverBefore;
    const { findings } = await proveLedger(database);
    // The lower bound does not chain its hashes.
    const wrong = findings.filter(
      (finding) => !finding.includes('chain') && !finding.includes('series ends'),
    );
    assert.deepEqual(wrong, []);
    return { seconds, cpuSeconds, nodeSeconds, peakHeapBytes };
  } finally {
    await database.destroy();
  }
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const rounded = (value: number): number => Number(value.toPrecision(3));
