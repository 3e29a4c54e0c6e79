import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { startTestPostgres } from '@dotmac/hosting';
import type { TenantDatabase } from '@dotmac/migrations';
import { silentLogger } from '@dotmac/platform';
import { proveLedger, type RunServices, runBilling } from '@dotmac/subgraph-billing';
import { type Kysely, sql } from 'kysely';
import type { Report } from '../report.ts';
import { parentOf, serverCpuSeconds } from './cpu-time.ts';
import { billInSql } from './pure-sql.ts';
import { runDate, seed } from './seed.ts';

const subscribers = Number(process.env.DOTMAC_BENCH_SUBSCRIBERS ?? 100_000);
// A round of many is long enough to be its own mean.
const rounds = Number(process.env.DOTMAC_BENCH_ROUNDS ?? (subscribers > 50_000 ? 1 : 3));
const chunkSize = 1_000;

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

interface Measured {
  readonly seconds: number;
  /** Of Node and the database server together. */
  readonly cpuSeconds: number;
  /** Of that, Node's. */
  readonly nodeSeconds: number;
  /** Its live heap and resident set at each quarter of the work, MB. */
  readonly memory: readonly Memory[];
}

interface Memory {
  readonly heap: number;
  readonly resident: number;
}

/** What a measured work tells while it goes on: how many invoices a transaction added. */
type Progress = (added: number) => void;
type Work = (database: Kysely<TenantDatabase>, progress: Progress) => Promise<void>;

/**
 * The billing run of so many subscribers with two lines each, on a durable server with all constraints, against pure
 * INSERT … SELECT of the same rows (the lower bound) and against a transaction per subscriber. Alternated rounds.
 */
export async function run(report: Report): Promise<void> {
  const server = await startTestPostgres({ durable: true });
  const say =
    (who: string): Say =>
    (share, { seconds, cpuSeconds, nodeSeconds, memory }) =>
      report.note(
        `${who}: ${share} % after ${rounded(seconds)} s and ${rounded(cpuSeconds)} s of CPU (Node ${rounded(nodeSeconds)}), ` +
          `live heap ${rounded(memory.at(-1)?.heap ?? 0)} MB, resident ${rounded(memory.at(-1)?.resident ?? 0)} MB`,
      );
  const fresh = async (count: number) => seed(await server.createDatabase(), count);
  try {
    const [own, pure, single]: [Measured[], Measured[], Measured[]] = [[], [], []];
    // One transaction per subscriber is slow: a share of them is enough to know its pace.
    const few = Math.max(100, Math.floor(subscribers / 50));
    // Code and plans are warm before anybody is measured.
    const warm = Math.min(1_000, subscribers);
    for (const work of [billing(warm, 500), billInSql]) await measure(await fresh(warm), work, warm, null);
    for (let round = 0; round < rounds; round += 1) {
      report.note(`round ${round + 1} of ${rounds}`);
      own.push(
        await measure(await fresh(subscribers), billing(subscribers, chunkSize), subscribers, say('own')),
      );
      pure.push(await measure(await fresh(subscribers), billInSql, subscribers, say('pure SQL')));
      single.push(await measure(await fresh(few), billing(few, 1), few, null));
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
    // Flat: the last quarter needs what the first did.
    const [, ...quarters] = own.at(-1)?.memory ?? [];
    for (const [index, { heap, resident }] of quarters.entries()) {
      const metric = (what: string) => `${what} at ${25 * (index + 1)} %, ${subscribers} subscribers`;
      report.figure({ metric: metric('live heap of Node'), value: rounded(heap), unit: 'MB' });
      report.figure({ metric: metric('resident set of Node'), value: rounded(resident), unit: 'MB' });
    }
  } finally {
    await server.close();
  }
}

/** The run over so many subscribers, which it must all bill. */
const billing =
  (expected: number, size: number): Work =>
  async (database, progress) => {
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
    const result = await runBilling(services, runDate, act, {
      chunkSize: size,
      onChunk: ({ documents }) => progress(documents.length),
    });
    assert.deepEqual(
      { documents: result.documents, problems: result.problems },
      { documents: expected, problems: [] },
    );
  };

type Say = (share: number, measured: Measured) => void;

/** Measures work on a database of its own, checks what it wrote, and closes it. */
async function measure(
  database: Kysely<TenantDatabase>,
  work: Work,
  expected: number,
  say: Say | null,
): Promise<Measured> {
  try {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(database);
    const postmaster = parentOf(rows[0]?.pid ?? 0);
    await sql`checkpoint`.execute(database);
    const memory = [memoryNow()];
    const serverBefore = serverCpuSeconds(postmaster);
    const [cpuBefore, start] = [process.cpuUsage(), performance.now()];
    // What it costs to look at the memory is not the work's.
    let looking = 0;
    const measured = (): Measured => {
      const { user, system } = process.cpuUsage(cpuBefore);
      const nodeSeconds = (user + system) / 1e6 - looking;
      const cpuSeconds = nodeSeconds + serverCpuSeconds(postmaster) - serverBefore;
      return { seconds: (performance.now() - start) / 1000, cpuSeconds, nodeSeconds, memory: [...memory] };
    };
    let done = 0;
    await work(database, (added) => {
      const quarter = Math.floor((4 * (done + added)) / expected);
      if (say !== null && quarter > Math.floor((4 * done) / expected)) {
        const before = process.cpuUsage();
        memory.push(memoryNow());
        const { user, system } = process.cpuUsage(before);
        looking += (user + system) / 1e6;
        say(25 * quarter, measured());
      }
      done += added;
    });
    const result = measured();
    assert.equal(done, expected);
    const { findings } = await proveLedger(database);
    // The lower bound does not chain its hashes.
    const wrong = findings.filter(
      (finding) => !finding.includes('chain') && !finding.includes('series ends'),
    );
    assert.deepEqual(wrong, []);
    return result;
  } finally {
    await database.destroy();
  }
}

/** After a collection: what is left is what is held. */
function memoryNow(): Memory {
  collectGarbage();
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed / 1e6, resident: rss / 1e6 };
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const rounded = (value: number): number => Number(value.toPrecision(3));
