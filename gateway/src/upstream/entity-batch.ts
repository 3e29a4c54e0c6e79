import type {
  SubgraphClient,
  SubgraphError,
  SubgraphRequest,
  SubgraphResponse,
} from '../execution/executor.ts';
import { cloneJson } from '../execution/merge.ts';
import type { GatewayContext } from './context.ts';

type Fetch = SubgraphClient<GatewayContext>['fetch'];

/** One of several executions that ask for entities with the same selection. */
interface Asker {
  readonly request: SubgraphRequest;
  /** Where its representations stand among all of them. */
  readonly slots: readonly number[];
  readonly resolve: (response: SubgraphResponse | Promise<SubgraphResponse>) => void;
}

interface Question {
  readonly representations: unknown[];
  /** Place of a representation by its JSON text: what several ask for is asked once. */
  readonly slotOf: Map<string, number>;
  readonly askers: Asker[];
}

/**
 * Executions that run side by side for one principal, as those of the events of one stream: the entities that they need of a
 * subgraph are asked for together. Each gets the answer that it would have had alone.
 */
export class EntityBatch {
  readonly #questions = new Map<string, Question>();

  /** Joins what is asked in this turn of the loop. */
  ask(
    send: Fetch,
    subgraph: string,
    request: SubgraphRequest,
    context: GatewayContext,
  ): Promise<SubgraphResponse> {
    const { representations, ...others } = request.variables;
    const key = JSON.stringify([subgraph, request.query, request.operationName, others]);
    let question = this.#questions.get(key);
    if (question === undefined) {
      const opened: Question = { representations: [], slotOf: new Map(), askers: [] };
      question = opened;
      this.#questions.set(key, opened);
      // When whoever is ready to ask has asked: promises' reactions come before it.
      process.nextTick(() => {
        this.#questions.delete(key);
        void answer(opened, send, subgraph, context);
      });
    }
    const slots = (representations as readonly unknown[]).map((item) => slotFor(question, item));
    const { promise, resolve } = Promise.withResolvers<SubgraphResponse>();
    question.askers.push({ request, slots, resolve });
    return promise;
  }
}

/** A client that asks for entities together where the context has a batch. */
export function batchingEntities(client: SubgraphClient<GatewayContext>): SubgraphClient<GatewayContext> {
  const send: Fetch = (subgraph, request, context) => client.fetch(subgraph, request, context);
  return {
    fetch: (subgraph, request, context) =>
      context.batch !== undefined && Array.isArray(request.variables.representations)
        ? context.batch.ask(send, subgraph, request, context)
        : client.fetch(subgraph, request, context),
  };
}

function slotFor({ representations, slotOf }: Question, representation: unknown): number {
  const text = JSON.stringify(representation);
  let slot = slotOf.get(text);
  if (slot === undefined) {
    slot = representations.push(representation) - 1;
    slotOf.set(text, slot);
  }
  return slot;
}

async function answer(
  { representations, askers }: Question,
  send: Fetch,
  subgraph: string,
  context: GatewayContext,
): Promise<void> {
  const [{ request, resolve }] = askers as [Asker];
  if (askers.length === 1) return resolve(send(subgraph, request, context));
  const { query, operationName } = request;
  const all: SubgraphRequest = {
    query,
    ...(operationName === undefined ? {} : { operationName }),
    variables: { ...request.variables, representations },
  };
  const answered = send(subgraph, all, context);
  try {
    const response = await answered;
    const given = new Set<number>();
    for (const asker of askers) asker.resolve(partOf(response, asker.slots, representations.length, given));
  } catch {
    // Each is refused as the one question was.
    for (const asker of askers) asker.resolve(answered);
  }
}

/** What one asker would have been answered. `given` are the slots whose entity belongs to another already. */
function partOf(
  { data, errors, extensions }: SubgraphResponse,
  slots: readonly number[],
  asked: number,
  given: Set<number>,
): SubgraphResponse {
  const received = data?._entities;
  const whole = Array.isArray(received) && received.length === asked;
  const entities = whole ? slots.map((slot) => entityAt(received, slot, given)) : [];
  const own = errors?.flatMap((error) => errorsOf(error, slots, whole));
  return {
    // A list of the wrong length stays one: nobody can tell whose the entities are.
    data: Array.isArray(received) ? { ...data, _entities: entities } : cloneJson(data ?? null),
    ...(own === undefined || own.length === 0 ? {} : { errors: own }),
    ...(extensions === undefined ? {} : { extensions }),
  };
}

/** The executor changes what it is given, so that nobody gets what another has. */
function entityAt(received: readonly unknown[], slot: number, given: Set<number>): unknown {
  if (given.has(slot)) return cloneJson(received[slot]);
  given.add(slot);
  return received[slot];
}

/** An error below an entity is that of whoever asked for it; any other, and one that left no entities, is everybody's. */
function errorsOf(error: SubgraphError, slots: readonly number[], whole: boolean): readonly SubgraphError[] {
  const [field, slot, ...rest] = error.path ?? [];
  if (field !== '_entities' || typeof slot !== 'number') return [error];
  const own = slots.indexOf(slot);
  if (own >= 0) return [{ ...error, path: [field, own, ...rest] }];
  return whole ? [] : [{ ...error, path: [field] }];
}
