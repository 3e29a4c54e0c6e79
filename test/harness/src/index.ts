/**
 * A runtime for tests: real PostgreSQL, the real event log, consumers, jobs and daily work, and subgraphs asked
 * directly, or through its own door. No gateway; that is tested in `gateway` and `test/e2e`.
 */
import { startTestPostgres, type TestPostgres } from '@dotmac/hosting';
import { type DatabaseKind, migrate } from '@dotmac/migrations';
import {
  generateSigningKey,
  installJobs,
  internalTokenHeader,
  type Runtime,
  type RuntimeServices,
  readVerificationKeys,
  SubgraphExecutor,
  type SubgraphModule,
  signToken,
  silentLogger,
  startRuntime,
  systemClock,
  type TenantSettings,
} from '@dotmac/platform';
import { anonymous, type Principal, type Scope, scopes } from '@dotmac/schema';
import type { FormattedExecutionResult } from 'graphql';

/** For what needs a server and no runtime. */
export { startTestPostgres };

export const testTenant: TenantSettings = {
  id: 'ten_test',
  slug: 'test',
  name: 'Test ISP',
  timeZone: 'America/Toronto',
  currency: 'USD',
  demo: true,
};

/** Somebody of the test tenant with exactly these scopes. */
export function principalWith(...held: readonly Scope[]): Principal {
  return { ...anonymous, kind: 'user', id: 'usr_test', name: 'Test', tenantId: testTenant.id, scopes: held };
}

/** May do everything. */
export const everyScope: Principal = principalWith(...scopes);

/** Signs what a gateway sends to test runtimes. */
const gateway = generateSigningKey('test');
export const testGatewayKey = gateway.key;

export interface TestRuntime<DB, E> extends AsyncDisposable {
  readonly runtime: Runtime<DB, E>;
  readonly services: RuntimeServices<DB, E>;
  /** The database server, which a test may stop for a while. */
  readonly postgres: TestPostgres;
  /** Superuser on its database. */
  readonly connectionString: string;
  /** Runs an operation in one subgraph as a principal (by default one that may do everything). */
  ask<Data = Record<string, unknown>>(
    subgraph: string,
    query: string,
    variables?: Record<string, unknown>,
    principal?: Principal,
  ): Promise<FormattedExecutionResult<Data>>;
  /** As `ask`, through the runtime's HTTP door, as a gateway asks. */
  post<Data = Record<string, unknown>>(
    subgraph: string,
    query: string,
    principal?: Principal,
  ): Promise<FormattedExecutionResult<Data>>;
  /** As `ask`, but fails the test on any error and gives the data. */
  data<Data = Record<string, unknown>>(
    subgraph: string,
    query: string,
    variables?: Record<string, unknown>,
  ): Promise<Data>;
  /** Subscribes in one subgraph. */
  subscribe(
    subgraph: string,
    query: string,
    variables?: Record<string, unknown>,
    principal?: Principal,
  ): Promise<AsyncIterator<FormattedExecutionResult>>;
  /** Asks again and again until the check passes; fails with the last answer after 45 s. */
  eventually<T>(ask: () => Promise<T>, check: (answer: T) => boolean): Promise<T>;
}

const patienceMilliseconds = 45_000;

export async function startTestRuntime<DB, E>(
  kind: DatabaseKind,
  modules: (services: RuntimeServices<DB, E>) => readonly SubgraphModule<DB, E>[],
  tenant: TenantSettings | null = kind === 'tenant' ? testTenant : null,
): Promise<TestRuntime<DB, E>> {
  const server = await startTestPostgres();
  const connectionString = await server.createDatabase();
  await installJobs(connectionString);
  await migrate({ connectionString, kind });
  let started: readonly SubgraphModule<DB, E>[] = [];
  const runtime = await startRuntime<DB, E>({
    connectionString,
    sealingKey: new Uint8Array(32),
    gatewayKeys: readVerificationKeys({ [gateway.key.id]: gateway.publicPem }),
    tenant,
    listen: { host: '127.0.0.1', port: 0 },
    logger: silentLogger,
    modules: (services) => {
      started = modules(services);
      return started;
    },
  });
  // The day's work must not meet what a test is about to make.
  await runtime.caughtUp;
  const of = (name: string) => {
    const module = started.find((candidate) => candidate.name === name);
    if (module === undefined) throw new Error(`The test runtime has no subgraph ${name}`);
    return { module, executor: new SubgraphExecutor(module.schema, silentLogger) };
  };
  const contextFor = (name: string, principal: Principal) =>
    of(name).module.contextOf({ principal, traceId: 'test' });

  const harness: TestRuntime<DB, E> = {
    runtime,
    services: runtime.services,
    postgres: server,
    connectionString,
    async ask(subgraph, query, variables = {}, principal = everyScope) {
      return (await of(subgraph).executor.execute(
        { query, variables },
        contextFor(subgraph, principal),
      )) as never;
    },
    async post(subgraph, query, principal = everyScope) {
      const audience = `${tenant?.id ?? 'platform'}/${subgraph}`;
      const token = await signToken(principal, {
        key: testGatewayKey,
        audience,
        issuer: 'gateway',
        lifetimeSeconds: 60,
        clock: systemClock,
      });
      const response = await fetch(`${runtime.address}/graphql/${subgraph}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', [internalTokenHeader]: token },
        body: JSON.stringify({ query }),
      });
      return (await response.json()) as never;
    },
    async data(subgraph, query, variables = {}) {
      const { data, errors } = await harness.ask(subgraph, query, variables);
      if (errors !== undefined) throw new Error(`The operation failed: ${JSON.stringify(errors, null, 2)}`);
      return data as never;
    },
    async subscribe(subgraph, query, variables = {}, principal = everyScope) {
      const result = await of(subgraph).executor.subscribe(
        { query, variables },
        contextFor(subgraph, principal),
      );
      if (!('results' in result)) throw new Error(`No stream: ${JSON.stringify(result)}`);
      return result.results[Symbol.asyncIterator]();
    },
    async eventually(ask, check) {
      const deadline = performance.now() + patienceMilliseconds;
      for (;;) {
        const answer = await ask();
        if (check(answer)) return answer;
        if (performance.now() > deadline)
          throw new Error(`It never came true; last seen: ${JSON.stringify(answer)}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async [Symbol.asyncDispose]() {
      await runtime.stop();
      await server.close();
    },
  };
  return harness;
}
