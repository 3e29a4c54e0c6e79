import { type Clock, type Logger, traceIdOf } from '@dotmac/platform';
import type { Topic } from '@dotmac/schema';
import type { DocumentNode } from 'graphql';
import { GatewayError } from '../errors.ts';
import type { SubgraphRequest, SubscriptionPlan } from '../execution/executor.ts';
import type { Caller } from '../identity/caller.ts';
import type { Limits } from '../limits.ts';
import { type Operations, type PreparedOperation, RequestRefused } from '../operation/operations.ts';
import { type UpstreamOptions, upstreamHeaders } from '../upstream/client.ts';
import type { GatewayContext } from '../upstream/context.ts';
import { EntityBatch } from '../upstream/entity-batch.ts';
import { type Delivery, Outbox, type Sink } from './outbox.ts';
import { type ResumableOperation, resumableOperation } from './resume.ts';
import { followSource, type SourceEvent } from './source.ts';
import { type Member, Stream } from './stream.ts';
import type { Upstreams } from './upstream.ts';
import { dependsOnViewer } from './viewer.ts';

export interface HubOptions extends Pick<UpstreamOptions, 'planes' | 'tokens'> {
  readonly operations: Operations;
  readonly upstreams: Upstreams;
  readonly limits: Limits;
  readonly topics: Readonly<Record<string, Topic>>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
}

/** A client's running subscription. */
export interface Subscription {
  /** To be called when the client's socket has drained. */
  flush(): void;
  /** The client has had enough. */
  stop(): void;
  /** The last cursor that was given to the socket. */
  lastCursor(): string | null;
}

type Complete = SubscriptionPlan<GatewayContext>['complete'];

/** What is known of a subscription's document, once. */
interface DocumentPlan {
  readonly number: number;
  readonly resumable: ResumableOperation;
  readonly dependsOnViewer: boolean;
}

/** Runs subscriptions: equal ones of equal authority share one stream. */
export class SubscriptionHub {
  readonly #options: HubOptions;
  readonly #plans = new WeakMap<DocumentNode, Map<string, DocumentPlan>>();
  readonly #streams = new Map<string, Set<Stream>>();
  #documents = 0;

  constructor(options: HubOptions) {
    this.#options = options;
  }

  /** Streams open to subgraphs now. */
  get size(): number {
    let size = 0;
    for (const streams of this.#streams.values()) size += streams.size;
    return size;
  }

  /** Text that waits for clients who read slowly, as if each had a copy; UTF-16 units. */
  get waiting(): number {
    let waiting = 0;
    for (const streams of this.#streams.values())
      for (const { members } of streams) for (const { outbox } of members) waiting += outbox.waiting;
    return waiting;
  }

  /**
   * Begins to send events. `lastEventId` is where a client goes on that says so outside of its document.
   * @throws RequestRefused, GatewayError when the subscription cannot begin.
   */
  subscribe(
    operation: PreparedOperation,
    caller: Caller,
    sink: Sink,
    lastEventId: string | null = null,
  ): Subscription {
    const { operations, limits } = this.#options;
    const plan = this.#planOf(operation);
    const { resumable } = plan;
    const start = resumable.startOf(operation.variables, lastEventId);
    const variables = resumable.sharedVariables(operation.variables);
    // Also checks the variables, before anything is shared.
    const planned = operations.executor.planSubscription({
      document: resumable.document,
      operationName: operation.operationName,
      variables: { ...variables, ...resumable.startVariables(start) },
    });
    if ('errors' in planned) throw new RequestRefused(planned.errors, 400);

    const key = shareKey(plan, operation.operationName, variables, caller);
    const siblings = this.#streams.get(key) ?? new Set<Stream>();
    this.#streams.set(key, siblings);

    const leave = () => {
      member.outbox.close();
      // The stream may have handed its members to a sibling.
      for (const stream of siblings) if (stream.members.has(member)) stream.leave(member);
    };
    const member: Member = {
      caller,
      outbox: new Outbox(sink, {
        limit: limits.bufferedBytes,
        coalesces: resumable.coalesces,
        after: start.after,
        onTooSlow: (lastCursor) => {
          leave();
          sink.error(this.#format(caller, [slowConsumer(lastCursor)]));
        },
      }),
      end: (end) => {
        const { lastCursor } = member.outbox;
        // What still waits goes first; then the client hears how it ended.
        const say = () => {
          if (end.kind === 'complete') sink.complete();
          else sink.error(this.#format(caller, end.errors, lastCursor));
        };
        const whenSent = async () => {
          while (member.outbox.congested) await member.outbox.progress;
          say();
        };
        if (member.outbox.congested) void whenSent();
        else say();
      },
    };
    const joined = [...siblings].some((stream) => stream.join(member, start));
    if (!joined) {
      const stream = new Stream(member, {
        start,
        siblings,
        stallMilliseconds: limits.stallMilliseconds,
        placeMilliseconds: limits.placeMilliseconds,
        source: (begin, asking, signal, onStart) =>
          followSource({
            ...this.#options,
            start: begin,
            signal,
            resumable: resumable.resumable,
            onStart,
            marksOf: resumable.marksOf,
            connect: (from, ended) =>
              this.#connect(
                planned.subgraph,
                startingAt(planned.request, resumable.startVariables(from)),
                asking(),
                ended,
              ),
          }),
        render: (events, asking, signal) =>
          this.#renderAll(planned.complete, resumable, events, asking, signal),
        onEmpty: () => {
          if (siblings.size === 0 && this.#streams.get(key) === siblings) this.#streams.delete(key);
        },
      });
      stream.run().catch((error: unknown) => {
        this.#options.logger.error({ error }, 'a stream failed');
        for (const left of stream.members) left.end({ kind: 'failed', errors: [error as Error] });
      });
    }
    return { flush: () => member.outbox.flush(), stop: leave, lastCursor: () => member.outbox.lastCursor };
  }

  #planOf({ document, operationName = '' }: PreparedOperation): DocumentPlan {
    let plans = this.#plans.get(document);
    if (plans === undefined) {
      plans = new Map();
      this.#plans.set(document, plans);
    }
    let plan = plans.get(operationName);
    if (plan === undefined) {
      this.#documents += 1;
      plan = {
        number: this.#documents,
        resumable: resumableOperation(
          this.#options.operations.executor.schema,
          document,
          operationName === '' ? undefined : operationName,
          this.#options.topics,
        ),
        dependsOnViewer: dependsOnViewer(document),
      };
      plans.set(operationName, plan);
    }
    return plan;
  }

  async #connect(subgraph: string, request: SubgraphRequest, caller: Caller, signal: AbortSignal) {
    const { planes, upstreams } = this.#options;
    const context = this.#contextOf(caller, signal);
    const { target } = planes.locate(subgraph, context.tenant, false);
    return upstreams.open(target, request, await upstreamHeaders(this.#options, subgraph, context), signal);
  }

  /** Side by side, so that what they need of other subgraphs is asked for together. */
  #renderAll(
    complete: Complete,
    resumable: ResumableOperation,
    events: readonly SourceEvent[],
    caller: Caller,
    signal: AbortSignal,
  ): Promise<Delivery[]> {
    const batch = events.length > 1 ? { batch: new EntityBatch() } : {};
    const context = { ...this.#contextOf(caller, signal), ...batch };
    return Promise.all(events.map((event) => this.#render(complete, resumable, event, context)));
  }

  async #render(
    complete: Complete,
    resumable: ResumableOperation,
    { response, cursor, place, key }: SourceEvent,
    context: GatewayContext,
  ): Promise<Delivery> {
    const { operations } = this.#options;
    try {
      const completed = operations.format(await complete(response, context), null, context.traceId);
      resumable.strip(completed.data);
      return { text: JSON.stringify(completed), cursor, place, key };
    } catch (error) {
      return {
        text: JSON.stringify({ data: null, ...operations.failure([error], null, context.traceId) }),
        cursor,
        place,
        key,
      };
    }
  }

  #contextOf(caller: Caller, signal: AbortSignal): GatewayContext {
    const { clock, limits } = this.#options;
    return {
      tenant: caller.principal.tenantId,
      principal: caller.principal,
      traceId: traceIdOf(undefined),
      signal,
      deadline: clock.now() + limits.operationMilliseconds,
    };
  }

  #format(caller: Caller, errors: readonly unknown[], lastCursor: string | null = null): readonly object[] {
    const formatted = this.#options.operations.failure(errors, caller, traceIdOf(undefined)).errors ?? [];
    if (lastCursor === null) return formatted;
    return formatted.map((error) => {
      const extensions = 'extensions' in error ? (error.extensions as object) : {};
      return { ...error, extensions: { ...extensions, lastCursor } };
    });
  }
}

function startingAt(request: SubgraphRequest, start: SubgraphRequest['variables']): SubgraphRequest {
  return { ...request, variables: { ...request.variables, ...start } };
}

/** Equal for clients that get equal events. */
function shareKey(
  plan: DocumentPlan,
  operationName: string | undefined,
  variables: Readonly<Record<string, unknown>>,
  { principal, authority }: Caller,
): string {
  const sorted = Object.entries(variables).sort(([a], [b]) => (a < b ? -1 : 1));
  const viewer = plan.dependsOnViewer ? principal.id : null;
  return JSON.stringify([plan.number, operationName, sorted, authority, viewer]);
}

/** The client reads slower than events come. */
function slowConsumer(lastCursor: string | null): GatewayError {
  return new GatewayError(
    'SLOW_CONSUMER',
    'Too much waits to be read: go on after lastCursor',
    lastCursor === null ? {} : { lastCursor },
  );
}
