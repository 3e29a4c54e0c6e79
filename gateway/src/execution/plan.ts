import type { VariableDefinitions } from '@apollo/federation-internals';
import { evaluateCondition, type FetchNode, type PlanNode } from '@apollo/query-planner';
import { GraphQLError, type GraphQLSchema } from 'graphql';
import type { ApolloInternals } from './apollo-internals.ts';
import type { RequestContext, SubgraphClient, SubgraphResponse } from './executor.ts';
import { compileFetch } from './fetch.ts';
import { mergeKey } from './merge-key.ts';
import { type ResponsePath, valuesAt } from './response-path.ts';

/** One execution of a plan: what it works with and what it has gathered so far. */
export interface Execution {
  readonly client: SubgraphClient<RequestContext>;
  readonly context: RequestContext;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Answers of all subgraphs, merged. */
  readonly data: Record<string, unknown>;
  readonly errors: GraphQLError[];
  /** Fetches that are under way and may serve an identical one of this execution. */
  readonly inFlight: Map<string, Promise<SubgraphResponse>>;
}

/** Where a node of the plan works: a path of the response and what lies there now. */
export interface Cursor {
  readonly path: ResponsePath;
  readonly data: unknown;
}

export type PlanStep = (execution: Execution, cursor: Cursor) => Promise<void>;

export interface PlanCompiler {
  readonly supergraphSchema: GraphQLSchema;
  readonly internals: ApolloInternals;
  readonly variableDefinitions: VariableDefinitions;
  /** Merge keys that more than one fetch of the plan has: only these look for one under way. */
  readonly shared: ReadonlySet<string>;
  /** Whether the node is one of several fetches whose answers are needed at the same time. */
  readonly together: boolean;
}

/** Turns a query plan into functions. Throws on the kinds of node that the stock gateway does not execute either. */
export function compilePlan(node: PlanNode, compiler: Omit<PlanCompiler, 'shared' | 'together'>): PlanStep {
  const seen = new Set<string>();
  const shared = new Set<string>();
  for (const fetch of fetchNodes(node)) {
    const key = mergeKey(fetch);
    if (seen.has(key)) shared.add(key);
    seen.add(key);
  }
  return compileNode(node, { ...compiler, shared, together: false });
}

function compileNode(node: PlanNode, compiler: PlanCompiler): PlanStep {
  switch (node.kind) {
    case 'Sequence': {
      const steps = node.nodes.map((child) => compileNode(child, { ...compiler, together: false }));
      return async (execution, cursor) => {
        for (const step of steps) await step(execution, cursor);
      };
    }
    case 'Parallel': {
      // With a sequence among them an answer is needed before the others are there.
      const together = node.nodes.every(
        (child) => child.kind === 'Fetch' || (child.kind === 'Flatten' && child.node.kind === 'Fetch'),
      );
      const steps = node.nodes.map((child) => compileNode(child, { ...compiler, together }));
      return async (execution, cursor) => {
        await Promise.all(steps.map((step) => step(execution, cursor)));
      };
    }
    case 'Flatten': {
      const step = compileNode(node.node, compiler);
      return async (execution, cursor) => {
        const data = valuesAt(cursor.data, node.path);
        if (data) await step(execution, { path: [...cursor.path, ...node.path], data });
      };
    }
    case 'Condition': {
      const whenTrue = node.ifClause && compileNode(node.ifClause, compiler);
      const whenFalse = node.elseClause && compileNode(node.elseClause, compiler);
      return async (execution, cursor) => {
        const holds = evaluateCondition(node, compiler.variableDefinitions, execution.variables);
        await (holds ? whenTrue : whenFalse)?.(execution, cursor);
      };
    }
    case 'Fetch':
      return compileFetch(node, compiler);
    default:
      throw new GraphQLError(`@defer support is not available in the gateway (plan node ${node.kind})`);
  }
}

export function* fetchNodes(node: PlanNode): Generator<FetchNode> {
  switch (node.kind) {
    case 'Sequence':
    case 'Parallel':
      for (const child of node.nodes) yield* fetchNodes(child);
      break;
    case 'Flatten':
      yield* fetchNodes(node.node);
      break;
    case 'Condition':
      if (node.ifClause !== undefined) yield* fetchNodes(node.ifClause);
      if (node.elseClause !== undefined) yield* fetchNodes(node.elseClause);
      break;
    case 'Fetch':
      yield node;
      break;
  }
}
