import { createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { startTestPostgres, type TestPostgres } from '@dotmac/hosting';
import { anonymous } from '@dotmac/schema';
import { GraphQLInt, GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { type Kysely, sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openDatabase } from '../database/open.ts';
import { generateSigningKey, signToken } from '../identity/token.ts';
import { silentLogger } from '../telemetry/logger.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { systemClock } from '../time/clock.ts';
import { createSubgraphServer } from './serve.ts';
import { internalTokenHeader } from './webhook.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.close());

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

let database: Kysely<unknown>;
let observer: Kysely<unknown>;
let ask: (query: string, headers?: Record<string, string>) => ClientRequest;

beforeEach(async () => {
  const connectionString = await postgres.createDatabase();
  const open = (applicationName: string, max: number) => {
    const opened = openDatabase<unknown>({
      connectionString,
      applicationName,
      max,
      onConnectionError: () => undefined,
    });
    cleanups.push(() => opened.destroy());
    return opened;
  };
  // One connection: whoever comes after a cancelled statement comes on the same one.
  database = open('subgraph', 1);
  observer = open('observer', 1);
  const sleepAnd = (then: string) => ({
    type: GraphQLString,
    args: { seconds: { type: GraphQLInt } },
    async resolve(_: unknown, { seconds }: { readonly seconds: number }) {
      await database.transaction().execute(async (transaction) => {
        await sql`select pg_sleep(${seconds})`.execute(transaction);
        await sql.raw(then).execute(transaction);
      });
      return 'slept';
    },
  });
  const schema = new GraphQLSchema({
    query: new GraphQLObjectType({ name: 'Query', fields: { sleep: sleepAnd('select 1') } }),
    mutation: new GraphQLObjectType({
      name: 'Mutation',
      fields: { sleep: sleepAnd('create table done ()') },
    }),
  });
  const { key, publicPem } = generateSigningKey('gateway');
  const server = createSubgraphServer({
    modules: [{ name: 'network', schema, contextOf: (base) => base }],
    keys: new Map([['gateway', createPublicKey(publicPem)]]),
    plane: 'ten_1',
    logger: silentLogger,
    metrics: createMetrics({}),
    clock: systemClock,
    ready: async () => true,
  });
  cleanups.push(() => server.close());
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  const audience = 'ten_1/network';
  const token = await signToken(anonymous, {
    key,
    audience,
    issuer: 'gateway',
    lifetimeSeconds: 600,
    clock: systemClock,
  });
  ask = (query, headers = {}) => {
    const asked = request(`${url}/graphql/network`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', [internalTokenHeader]: token, ...headers },
    });
    // Tests break off some.
    asked.on('error', () => undefined);
    asked.end(JSON.stringify({ query }));
    return asked;
  };
});

/** Statements of the subgraph that sleep now. */
async function sleeping(): Promise<number> {
  const { rows } = await sql<{ count: string }>`select count(*) as count from pg_stat_activity
    where application_name = 'subgraph' and state = 'active' and query like '%pg_sleep%'`.execute(observer);
  return Number(rows[0]?.count);
}

async function until(count: number): Promise<void> {
  while ((await sleeping()) !== count) await new Promise(setImmediate);
}

async function answerOf(asked: ClientRequest): Promise<unknown> {
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += chunk;
  return JSON.parse(text);
}

test('when the gateway hangs up, what the query runs in SQL ends, and the connection serves on', async () => {
  const asked = ask('{ sleep(seconds: 600) }');
  await until(1);
  asked.destroy();
  await until(0);
  expect(await answerOf(ask('{ sleep(seconds: 0) }'))).toEqual({ data: { sleep: 'slept' } });
});

test('when the time that the gateway gave is over, too', async () => {
  const answer = await answerOf(ask('{ sleep(seconds: 600) }', { 'dotmac-timeout-ms': '400' }));
  expect(answer).toMatchObject({ data: { sleep: null }, errors: [{ extensions: { code: 'TIMEOUT' } }] });
  expect(await sleeping()).toBe(0);
  expect(await answerOf(ask('{ sleep(seconds: 0) }'))).toEqual({ data: { sleep: 'slept' } });
});

test('what was asked behind it is not sent any more', async () => {
  const first = ask('mutation { sleep(seconds: 2) }');
  await until(1);
  const answer = answerOf(ask('{ sleep(seconds: 600) }', { 'dotmac-timeout-ms': '100' }));
  expect(await answerOf(first)).toEqual({ data: { sleep: 'slept' } });
  expect(await answer).toMatchObject({ errors: [{ extensions: { code: 'TIMEOUT' } }] });
});

test('a mutation goes through to its end', async () => {
  const asked = ask('mutation { sleep(seconds: 1) }');
  await until(1);
  asked.destroy();
  // Behind it on the only connection.
  expect(await answerOf(ask('{ sleep(seconds: 0) }'))).toEqual({ data: { sleep: 'slept' } });
  const { rows } = await sql`select 1 from pg_class where relname = 'done'`.execute(observer);
  expect(rows).toHaveLength(1);
});
