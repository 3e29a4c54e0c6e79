import type { AddressInfo } from 'node:net';
import { type Kysely, sql } from 'kysely';
import { awaitDatabase } from '../database/await-database.ts';
import { openDatabase } from '../database/open.ts';
import { runConsumer } from '../event-log/consumer.ts';
import { EventLog } from '../event-log/log.ts';
import type { VerificationKeys } from '../identity/token.ts';
import { type JobHandler, Jobs } from '../jobs/jobs.ts';
import { secretBox } from '../secrets/seal.ts';
import { AuditTrail } from '../subgraph/audit.ts';
import { IdempotencyStore } from '../subgraph/idempotency.ts';
import type { Services, SubgraphModule, TenantSettings } from '../subgraph/module.ts';
import { createSubgraphServer } from '../subgraph/serve.ts';
import type { Logger } from '../telemetry/logger.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { type AdvancingClock, advancingClock, systemClock } from '../time/clock.ts';
import { runDailyWork } from './daily.ts';

export interface RuntimeOptions<DB, E> {
  readonly connectionString: string;
  readonly password?: string;
  /** 32 octets that seal secrets in this database. */
  readonly sealingKey: Uint8Array;
  readonly gatewayKeys: VerificationKeys;
  readonly tenant: TenantSettings | null;
  /** Unix socket path, or a loopback host and port. */
  readonly listen: { readonly path: string } | { readonly host: string; readonly port: number };
  readonly logger: Logger;
  readonly modules: (services: RuntimeServices<DB, E>) => readonly SubgraphModule<DB, E>[];
}

/** What modules get beyond the ordinary services: a demo's clock can be moved. */
export interface RuntimeServices<DB, E> extends Services<DB, E> {
  /** Moves a demo tenant's clock and does everything that falls due on the way. */
  advanceClock(milliseconds: number): Promise<void>;
}

export interface Runtime<DB, E> {
  readonly services: RuntimeServices<DB, E>;
  readonly address: string;
  /** Resolves when the daily work that was due at the start is done, or has failed and will be tried again. */
  readonly caughtUp: Promise<void>;
  stop(): Promise<void>;
}

const dailyCheckMilliseconds = 20_000;
/** Shorter than a supervisor waits for a start: it then hears why. */
const databaseDeadlineMilliseconds = 20_000;

/**
 * Starts a runtime (a tenant's or the control plane's): database, event log, jobs, consumers, daily work and the HTTP
 * face of its subgraphs. It waits for a database that does not answer yet. It serves as soon as this returns.
 */
export async function startRuntime<DB, E>(options: RuntimeOptions<DB, E>): Promise<Runtime<DB, E>> {
  const { logger, tenant } = options;
  const stopping = new AbortController();
  const connection = {
    connectionString: options.connectionString,
    ...(options.password === undefined ? {} : { password: options.password }),
    applicationName: tenant === null ? 'dotmac control plane' : `dotmac ${tenant.slug}`,
    onConnectionError: (error: Error) =>
      logger.warn({ error }, 'a database connection broke; the pool opens another'),
  };
  const database = openDatabase<DB>({ ...connection, max: 8 });
  const own: Kysely<DB>[] = [];
  const clock = advancingClock(systemClock);
  const events = new EventLog<E>({
    database: database as never,
    connection,
    scope: tenant?.id ?? 'platform',
    logger,
  });
  const metrics = createMetrics({
    part: tenant === null ? 'control-plane' : 'tenant',
    ...(tenant === null ? {} : { tenant: tenant.slug }),
  });
  const jobs = new Jobs({ ...connection, logger });
  const base = {
    database,
    ownConnections(part: string, max: number) {
      const applicationName = `${connection.applicationName} ${part}`;
      const opened = openDatabase<DB>({ ...connection, applicationName, max, prepared: true });
      own.push(opened);
      return opened;
    },
    events,
    jobs,
    clock,
    logger,
    metrics,
    tenant,
    secrets: secretBox(options.sealingKey),
  };
  const daily = oneAtATime(async () => {
    const works = modules.flatMap((module) => module.daily ?? []);
    await runDailyWork({
      database,
      daily: works,
      clock,
      timeZone: tenant?.timeZone ?? 'UTC',
      afterDay: () => events.flush(),
    });
  });
  const services: RuntimeServices<DB, E> = {
    ...base,
    advanceClock: (by) => advance(database, clock, by, daily),
  };
  const modules = options.modules(services);
  const server = createSubgraphServer({
    modules,
    keys: options.gatewayKeys,
    plane: tenant?.id ?? 'platform',
    logger,
    metrics,
    clock: systemClock,
    idempotency: new IdempotencyStore(database as never),
    audit: new AuditTrail(database as never, systemClock, logger),
    ready: () => answers(database, logger),
  });

  // What needs no database is done by now.
  clock.aheadMilliseconds = await awaitDatabase(() => aheadOf(database), databaseDeadlineMilliseconds);
  await events.start();
  const handlers = modules.flatMap((module) => module.jobs ?? []);
  // Consumers may enqueue from their first event on.
  await Promise.all([...modules.map((module) => module.first?.(stopping.signal)), startJobs(jobs, handlers)]);
  const consumers = modules
    .flatMap((module) => module.consumers ?? [])
    .map((consumer) => runConsumer({ consumer, database, log: events, logger, signal: stopping.signal }));
  for (const handler of handlers) await jobs.work(handler);
  const stops: (() => Promise<void>)[] = [];
  for (const module of modules) {
    const stop = await module.start?.(stopping.signal);
    if (stop !== undefined) stops.push(stop);
  }

  await server.listen(options.listen);
  const address = addressOf(server.server.address());
  logger.info({ address }, 'ready');

  // Not before it serves: a month to catch up on, or a day that fails, must not keep subscribers offline.
  const checkDaily = () =>
    daily().catch((error: unknown) => logger.error({ error }, 'the daily work stopped; it is tried again'));
  const caughtUp = checkDaily();
  let checking = caughtUp;
  const timer = setInterval(() => {
    checking = checking.then(checkDaily);
  }, dailyCheckMilliseconds);

  return {
    services,
    address,
    caughtUp,
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await server.close();
      await checking;
      await Promise.all(stops.map((stop) => stop()));
      await events.stop();
      await Promise.all(consumers);
      await jobs.stop();
      await Promise.all([database, ...own].map((one) => one.destroy()));
    },
  };
}

async function startJobs(jobs: Jobs, handlers: readonly JobHandler<never>[]): Promise<void> {
  await jobs.start();
  for (const handler of handlers) await jobs.declare(handler);
}

/** Calls that come while one runs wait for their turn. */
function oneAtATime(work: () => Promise<void>): () => Promise<void> {
  let last: Promise<unknown> = Promise.resolve();
  return () => {
    const turn = last.then(work);
    // The caller hears of a failure; the next in line is not stopped by it.
    last = turn.catch(() => undefined);
    return turn;
  };
}

async function aheadOf<DB>(database: Services<DB, unknown>['database']): Promise<number> {
  const { rows } = await sql<{
    ahead: bigint;
  }>`select ahead_milliseconds as ahead from runtime.clock`.execute(database);
  return Number(rows[0]?.ahead ?? 0n);
}

/** The clock moves in steps of a day, so that each day's work sees its own day. */
async function advance<DB>(
  database: Services<DB, unknown>['database'],
  clock: AdvancingClock,
  by: number,
  daily: () => Promise<void>,
): Promise<void> {
  const day = 86_400_000;
  for (let left = by; left > 0; left -= day) {
    clock.aheadMilliseconds += Math.min(left, day);
    await sql`update runtime.clock set ahead_milliseconds = ${clock.aheadMilliseconds}`.execute(database);
    await daily();
  }
}

async function answers<DB>(database: Services<DB, unknown>['database'], logger: Logger): Promise<boolean> {
  try {
    await sql`select 1`.execute(database);
    return true;
  } catch (error) {
    logger.warn({ error }, 'the database does not answer');
    return false;
  }
}

function addressOf(address: AddressInfo | string | null): string {
  if (address === null) throw new Error('The server does not listen');
  return typeof address === 'string' ? address : `http://${address.address}:${address.port}`;
}
