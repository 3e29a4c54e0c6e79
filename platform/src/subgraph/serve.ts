import { anonymous, type Context } from '@dotmac/schema';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { FormattedExecutionResult } from 'graphql';
import { Reading } from '../database/cancellation.ts';
import { TokenError, type VerificationKeys, verifyToken } from '../identity/token.ts';
import type { Logger } from '../telemetry/logger.ts';
import { Counter, type Registry } from '../telemetry/metrics.ts';
import { inTrace, traceIdOf } from '../telemetry/tracing.ts';
import type { Clock } from '../time/clock.ts';
import type { AuditTrail } from './audit.ts';
import { type GraphqlRequest, SubgraphExecutor, unavailable } from './execute.ts';
import {
  IdempotencyError,
  type IdempotencyStore,
  type IdempotentRequest,
  idempotencyHeader,
  readIdempotency,
} from './idempotency.ts';
import type { SubgraphModule } from './module.ts';
import { internalTokenHeader, serveWebhooks, webhookAudience } from './webhook.ts';

export interface ServeOptions {
  // Only the face of the modules matters here, not their database.
  readonly modules: readonly Pick<
    SubgraphModule<never, never>,
    'name' | 'schema' | 'contextOf' | 'webhooks'
  >[];
  /** The gateways' public keys. */
  readonly keys: VerificationKeys;
  /** The tenant's id, or `platform`: the first half of the audience of the tokens accepted here. */
  readonly plane: string;
  readonly logger: Logger;
  readonly metrics: Registry;
  /** The machine's clock: tokens do not live in a demo tenant's time. */
  readonly clock: Clock;
  /** Where mutations with an idempotency key keep their answers; without it they are refused. */
  readonly idempotency?: IdempotencyStore;
  /** Where it is kept who asked for which change. */
  readonly audit?: AuditTrail;
  /** Between two signs of life of a stream, milliseconds; 15 seconds when absent. */
  readonly keepAliveMilliseconds?: number;
  /** Whether everything the process needs is there. */
  readonly ready: () => Promise<boolean>;
}

/** Verified tokens are kept until they expire, at most so many. */
const cachedTokens = 2_000;
const keepAliveMilliseconds = 15_000;

/**
 * The HTTP face of a runtime: `POST /graphql/<subgraph>` (JSON, or a stream of server-sent events for
 * subscriptions), `/health/live`, `/health/ready` and `/metrics`. GraphQL answers nobody but a gateway.
 */
export function createSubgraphServer(options: ServeOptions): FastifyInstance {
  const { logger, metrics } = options;
  const app = Fastify({ bodyLimit: 4 * 1024 * 1024, forceCloseConnections: true });
  const verify = tokenVerifier(options);
  const requests = new Counter({
    name: 'dotmac_subgraph_requests_total',
    help: 'Operations asked of a subgraph',
    labelNames: ['subgraph'],
    registers: [metrics],
  });

  for (const module of options.modules) {
    const executor = new SubgraphExecutor(module.schema, logger.child({ subgraph: module.name }));
    app.post(`/graphql/${module.name}`, async (request, reply) => {
      const token = request.headers[internalTokenHeader];
      try {
        const principal = await verify(
          typeof token === 'string' ? token : '',
          `${options.plane}/${module.name}`,
        );
        requests.inc({ subgraph: module.name });
        const traceparent = request.headers.traceparent as string | undefined;
        const traceId = traceIdOf(traceparent);
        const context = module.contextOf({ principal, traceId });
        const body = requestOf(request.body);
        if (request.headers.accept === 'text/event-stream')
          return await stream(request, reply, executor, body, context, options.keepAliveMilliseconds);
        const marked = request.headers[idempotencyHeader];
        const execute = () => inTrace(traceparent, () => executor.execute(body, context));
        const audited = () => {
          const changes = executor.changesOf(body);
          return changes.length === 0 || options.audit === undefined
            ? execute()
            : options.audit.around({ principal, subgraph: module.name, changes, traceId }, execute);
        };
        // A change goes through to its end: whoever repeats it must find it done or not begun.
        const work = executor.isQuery(body) ? () => whileWaitedFor(request, execute) : audited;
        if (marked === undefined) return await work();
        return await once(options.idempotency, readIdempotency(marked, principal.id), work);
      } catch (error) {
        if (error instanceof IdempotencyError) {
          return reply.send({ errors: [{ message: error.message, extensions: error.extensions }] });
        }
        if (!(error instanceof TokenError)) throw error;
        return reply
          .status(403)
          .send({ errors: [{ message: error.message, extensions: { code: error.code } }] });
      }
    });
  }
  const doors = options.modules.flatMap(({ webhooks }) => webhooks ?? []);
  if (doors.length > 0)
    serveWebhooks(app, doors, (token) => verify(token, `${options.plane}/${webhookAudience}`));
  app.get('/health/live', () => ({ status: 'live' }));
  app.get('/health/ready', async (_request, reply) => {
    const ready = await options.ready();
    return reply.status(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready' });
  });
  app.get('/metrics', async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.metrics()),
  );
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) logger.error({ error, url: request.url }, 'a request failed');
    const message = status >= 500 ? 'Something went wrong here' : error.message;
    return reply
      .status(status)
      .send({ errors: [{ message, extensions: { code: status >= 500 ? 'INTERNAL' : 'BAD_REQUEST' } }] });
  });
  return app;
}

/** How long the gateway waits, in milliseconds. */
const timeoutHeader = 'dotmac-timeout-ms';

/** Does the work for as long as the gateway waits for it: when it hangs up or its time is over, what runs in SQL ends. */
async function whileWaitedFor<T>(
  { headers, raw: { socket } }: FastifyRequest,
  work: () => Promise<T>,
): Promise<T> {
  const reading = new Reading();
  const abandon = () => reading.abandon();
  const milliseconds = Number(headers[timeoutHeader]);
  // In whole seconds, so that thousands of timers share a list.
  const timer =
    milliseconds > 0 && milliseconds <= longestWait
      ? setTimeout(abandon, Math.ceil(milliseconds / 1000) * 1000)
      : undefined;
  socket.once('close', abandon);
  try {
    return await reading.run(work);
  } finally {
    clearTimeout(timer);
    socket.off('close', abandon);
  }
}

const longestWait = 3_600_000;

/** A mark that cannot be honoured is an error: the client relies on it. */
function once(
  store: IdempotencyStore | undefined,
  request: IdempotentRequest | null,
  work: () => Promise<FormattedExecutionResult>,
): Promise<FormattedExecutionResult> {
  if (store === undefined || request === null)
    throw new IdempotencyError('IDEMPOTENCY_UNSUPPORTED', 'Idempotency keys are not taken here');
  return store.once(request, work);
}

function requestOf(body: unknown): GraphqlRequest {
  const request = body as Partial<GraphqlRequest> | null;
  if (typeof request?.query !== 'string')
    throw Object.assign(new Error('The body needs a "query"'), { statusCode: 400 });
  return request as GraphqlRequest;
}

/**
 * Sends each result as an event `next`, then `complete`; the form of graphql-sse's distinct connections. Before the
 * first an event `ready` tells the cursor that the stream starts from, where it has one: whoever loses the connection
 * before any event goes on from there. While nothing of the stream happens `ready` tells now and then how far its log is,
 * which may not be kept as far back as the last event for ever.
 */
async function stream(
  request: FastifyRequest,
  reply: FastifyReply,
  executor: SubgraphExecutor,
  body: GraphqlRequest,
  context: Context,
  signOfLife = keepAliveMilliseconds,
): Promise<FastifyReply> {
  const { socket } = request.raw;
  let end: (() => void) | undefined;
  let left = socket.destroyed;
  // From here on, for the client may leave while the subscription is being made.
  const leave = () => {
    left = true;
    end?.();
  };
  socket.once('close', leave);
  const results = await executor.subscribe(body, context);
  if (!('results' in results)) {
    socket.off('close', leave);
    // 503 tells the gateway to come back; 200 would be the subgraph's last word.
    return reply.status(isUnavailable(results) ? 503 : 200).send(results);
  }
  reply.hijack();
  const { raw } = reply;
  const iterator = results.results[Symbol.asyncIterator]();
  end = () => void iterator.return?.();
  if (left) {
    end();
    return reply;
  }
  raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  raw.flushHeaders();
  const tell = (cursor: string) => raw.write(`event: ready\ndata: ${JSON.stringify({ cursor })}\n\n`);
  let told = results.start;
  if (told !== null) tell(told);
  const keepAlive = setInterval(() => {
    const place = results.place();
    if (place === null || place === told) raw.write(':\n\n');
    else tell(place);
    told = place ?? told;
  }, signOfLife);
  try {
    for (let item = await iterator.next(); item.done !== true; item = await iterator.next()) {
      // Cut off, the gateway comes back with its last cursor; an answer without data would be a lost event.
      if (isUnavailable(item.value)) {
        raw.destroy();
        return reply;
      }
      const roomLeft = raw.write(`event: next\ndata: ${JSON.stringify(item.value)}\n\n`);
      // A slow reader slows the source down instead of filling memory.
      if (!roomLeft) await drained(raw);
    }
    raw.write('event: complete\ndata:\n\n');
  } finally {
    clearInterval(keepAlive);
    socket.off('close', leave);
    raw.end();
  }
  return reply;
}

/** Whether something failed only because the database was away. */
function isUnavailable({ errors }: FormattedExecutionResult): boolean {
  return errors?.some(({ extensions }) => extensions?.code === unavailable) ?? false;
}

function drained(raw: FastifyReply['raw']): Promise<void> {
  return new Promise((resolve) => {
    if (raw.destroyed) return resolve();
    const done = () => {
      raw.off('drain', done).off('close', done);
      resolve();
    };
    raw.on('drain', done).on('close', done);
  });
}

/** Verifies internal tokens, each only once. */
function tokenVerifier({ keys, clock }: ServeOptions) {
  const known = new Map<string, { readonly principal: Context['principal']; readonly expiresAt: number }>();
  return async (token: string, audience: string): Promise<Context['principal']> => {
    if (token === '') throw new TokenError('This answers the gateway only');
    const key = `${audience} ${token}`;
    const cached = known.get(key);
    if (cached !== undefined && cached.expiresAt > clock.now()) return cached.principal;
    const verified = await verifyToken(token, { keys, audience, clock });
    if (known.size >= cachedTokens) known.clear();
    known.set(key, verified);
    return verified.principal.id === anonymous.id ? anonymous : verified.principal;
  };
}
