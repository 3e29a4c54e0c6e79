import type { FetchNode } from '@apollo/query-planner';
import { GraphQLError } from 'graphql';
import { asGraphQLError, type SubgraphRequest, type SubgraphResponse } from './executor.ts';
import { cloneJson, deepMerge, hasOwn } from './merge.ts';
import { mergeKey } from './merge-key.ts';
import type { Cursor, Execution, PlanCompiler, PlanStep } from './plan.ts';
import { compileRequires, type RepresentationBuilder } from './representations.ts';
import { hydratedPaths, type ResponsePath } from './response-path.ts';
import { downstreamError } from './subgraph-errors.ts';

type Json = Record<string, unknown>;

/** Everything about a fetch that does not change from one request to the next. */
interface CompiledFetch {
  readonly node: FetchNode;
  readonly buildRepresentation: RepresentationBuilder | null;
  /** Start of the JSON body, up to the opening brace of the variables. */
  readonly bodyStart: string;
  readonly mergeKey: string | null;
  readonly compiler: PlanCompiler;
}

/** A fetch of the plan: asks its subgraph and merges the answer. Its failure is one error; the plan goes on. */
export function compileFetch(node: FetchNode, compiler: PlanCompiler): PlanStep {
  if (node.contextRewrites !== undefined) {
    throw new GraphQLError(`@context is not supported by the gateway (fetch from ${node.serviceName})`);
  }
  const key = mergeKey(node);
  const fetch: CompiledFetch = {
    node,
    buildRepresentation:
      node.requires === undefined ? null : compileRequires(node.requires, compiler.supergraphSchema),
    bodyStart: bodyStart(node),
    // A mutation is never merged with another: both must happen.
    mergeKey: node.operationKind === 'query' && compiler.shared.has(key) ? key : null,
    compiler,
  };
  const run = fetch.buildRepresentation === null ? fetchFields : fetchEntities;
  return async (execution, cursor) => {
    try {
      await run(fetch, execution, cursor);
    } catch (error) {
      execution.errors.push(asGraphQLError(error));
    }
  };
}

async function fetchFields(fetch: CompiledFetch, execution: Execution, cursor: Cursor): Promise<void> {
  const targets = entitiesAt(cursor);
  if (targets.length === 0) return;
  const variables = usedVariables(fetch.node, execution.variables);
  const response = await send(
    fetch,
    execution,
    new PlannedRequest(fetch.node, fetch.bodyStart, variables, null, fetch.compiler.together),
  );
  if (response.errors) {
    const errors = response.errors.map((error) =>
      downstreamError(error, fetch.node.serviceName, error.path && [...cursor.path, ...error.path]),
    );
    execution.errors.push(...errors);
  }
  const { data } = response;
  if (data) rewriteOutput(fetch, data);
  for (const target of targets) deepMerge(target, data);
}

async function fetchEntities(fetch: CompiledFetch, execution: Execution, cursor: Cursor): Promise<void> {
  const { node, compiler } = fetch;
  const entities = entitiesAt(cursor);
  const { representations, texts, targets, positions, count } = collectRepresentations(fetch, entities);
  if (count === 0) return;
  const variables = usedVariables(node, execution.variables);
  if ('representations' in variables) throw new Error('Variables cannot contain key "representations"');

  const request = new PlannedRequest(
    fetch.node,
    fetch.bodyStart,
    { ...variables, representations },
    texts,
    compiler.together,
  );
  const response = await send(fetch, execution, request);
  if (response.errors) {
    execution.errors.push(...entityErrors(fetch, response.errors, positions, execution, cursor));
  }
  const { data } = response;
  if (!data) return;
  const received = data._entities;
  if (!(received && Array.isArray(received))) {
    throw new Error('Expected "data._entities" in response to be an array');
  }
  if (received.length !== representations.length) {
    throw new Error(`Expected "data._entities" to contain ${count} elements`);
  }
  for (let index = 0; index < received.length; index += 1) {
    const [first, ...others] = targets[index] as [Json, ...Json[]];
    for (const target of others) mergeEntity(target, cloneJson(received[index]));
    mergeEntity(first, received[index]);
  }

  function mergeEntity(target: Json, entity: Json | null): void {
    if (entity && !entity.__typename) entity.__typename = target.__typename;
    if (node.outputRewrites !== undefined) {
      compiler.internals.applyRewrites(compiler.supergraphSchema, node.outputRewrites, entity);
    }
    deepMerge(target, entity);
  }
}

interface CollectedRepresentations {
  /** Without equals. */
  readonly representations: Json[];
  /** JSON text of each. */
  readonly texts: string[];
  /** The objects that each representation stands for. */
  readonly targets: Json[][];
  /** Their numbers among the representations as they would be without merging. */
  readonly positions: number[][];
  /** How many there would be without merging. */
  readonly count: number;
}

function collectRepresentations(fetch: CompiledFetch, entities: readonly Json[]): CollectedRepresentations {
  const { node, compiler } = fetch;
  const build = fetch.buildRepresentation as RepresentationBuilder;
  const representations: Json[] = [];
  const texts: string[] = [];
  const targets: Json[][] = [];
  const positions: number[][] = [];
  const indexOf = new Map<string, number>();
  let count = 0;
  for (const entity of entities) {
    const representation = build(entity);
    if (!representation?.__typename) continue;
    if (node.inputRewrites !== undefined) {
      compiler.internals.applyRewrites(compiler.supergraphSchema, node.inputRewrites, representation);
    }
    const text = JSON.stringify(representation);
    const index = indexOf.get(text);
    if (index === undefined) {
      indexOf.set(text, representations.length);
      representations.push(representation);
      texts.push(text);
      targets.push([entity]);
      positions.push([count]);
    } else {
      targets[index]?.push(entity);
      positions[index]?.push(count);
    }
    count += 1;
  }
  return { representations, texts, targets, positions, count };
}

/**
 * An error below `_entities` gets the response path of every object that its representation stands for. As in the
 * stock gateway these are counted among all objects at the cursor.
 */
function entityErrors(
  { node }: CompiledFetch,
  errors: NonNullable<SubgraphResponse['errors']>,
  positions: readonly number[][],
  execution: Execution,
  cursor: Cursor,
): GraphQLError[] {
  let paths: ResponsePath[] | undefined;
  return errors.flatMap((error) => {
    const { path } = error;
    const index = path?.[1];
    if (!path || typeof index !== 'number') {
      return downstreamError(error, node.serviceName, path && [...cursor.path, ...path]);
    }
    const known = paths ?? hydratedPaths(cursor.path, execution.data);
    paths = known;
    return (positions[index] ?? [-1]).map((position) =>
      downstreamError(error, node.serviceName, [...(known[position] ?? []), ...path.slice(2)]),
    );
  });
}

function rewriteOutput({ node, compiler }: CompiledFetch, data: unknown): void {
  if (node.outputRewrites === undefined) return;
  compiler.internals.applyRewrites(compiler.supergraphSchema, node.outputRewrites, data);
}

function entitiesAt({ data }: Cursor): Json[] {
  if (!Array.isArray(data)) return [data as Json];
  return data.filter((entity) => entity !== null && entity !== undefined);
}

/** The client's variables that the fetch uses; what the client did not give is not sent. */
function usedVariables({ variableUsages }: FetchNode, variables: Readonly<Json>): Json {
  const used: Json = {};
  for (const name of variableUsages ?? []) {
    if (hasOwn(variables, name) && variables[name] !== undefined) used[name] = variables[name];
  }
  return used;
}

/** Sends a fetch, or joins an identical one of the same execution that is under way; then the answer is a copy. */
async function send(
  fetch: CompiledFetch,
  execution: Execution,
  request: PlannedRequest,
): Promise<SubgraphResponse> {
  const { client, context, inFlight } = execution;
  const { serviceName } = fetch.node;
  if (fetch.mergeKey === null) return client.fetch(serviceName, request, context);
  const key = `${fetch.mergeKey} ${JSON.stringify(request.variables)}`;
  const running = inFlight.get(key);
  if (running !== undefined)
    return running.then((response) => ({ ...response, data: cloneJson(response.data ?? null) }));
  const started = client.fetch(serviceName, request, context);
  inFlight.set(key, started);
  try {
    return await started;
  } finally {
    inFlight.delete(key);
  }
}

function bodyStart({ operation, operationName }: FetchNode): string {
  const name = operationName === undefined ? '' : `,"operationName":${JSON.stringify(operationName)}`;
  return `{"query":${JSON.stringify(operation)}${name},"variables":{`;
}

/** A subgraph request that makes its JSON text only when asked, out of the parts that exist as text already. */
class PlannedRequest implements SubgraphRequest {
  readonly query: string;
  declare readonly operationName?: string;
  readonly variables: Json;
  readonly together: boolean;
  readonly #bodyStart: string;
  readonly #representations: readonly string[] | null;

  constructor(
    node: FetchNode,
    bodyStart: string,
    variables: Json,
    representations: readonly string[] | null,
    together: boolean,
  ) {
    this.query = node.operation;
    if (node.operationName !== undefined) this.operationName = node.operationName;
    this.variables = variables;
    this.together = together;
    this.#bodyStart = bodyStart;
    this.#representations = representations;
  }

  get body(): string {
    const parts: string[] = [];
    for (const [name, value] of Object.entries(this.variables)) {
      if (name === 'representations' && this.#representations !== null) continue;
      parts.push(`${JSON.stringify(name)}:${JSON.stringify(value)}`);
    }
    if (this.#representations !== null) parts.push(`"representations":[${this.#representations.join(',')}]`);
    return `${this.#bodyStart}${parts.join(',')}}}`;
  }
}

/** The request of a fetch that needs no entities, for callers that send it themselves. */
export function plannedRequest(node: FetchNode, variables: Readonly<Json>): SubgraphRequest {
  return new PlannedRequest(node, bodyStart(node), usedVariables(node, variables), null, false);
}
