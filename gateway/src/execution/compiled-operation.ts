import { type Operation, operationFromDocument } from '@apollo/federation-internals';
import type { FetchNode, PlanNode } from '@apollo/query-planner';
import { type DocumentNode, GraphQLError, Kind, type OperationDefinitionNode, visit } from 'graphql';
import { asGraphQLError, type GraphQLResponse } from './executor.ts';
import type { Graph } from './graph.ts';
import { executeIntrospection } from './introspection.ts';
import { compilePlan, type Execution, type PlanStep } from './plan.ts';
import { compileShaper, conditionVariables, type Shaper, unusual } from './shape.ts';

/** Everything about an operation that does not change from one request to the next. */
export interface CompiledOperation {
  readonly definition: OperationDefinitionNode;
  /** Absent when nothing has to be fetched: introspection only. */
  readonly run: PlanStep | null;
  /** Present for a subscription: the fetch to subscribe with. `run` then executes it as an ordinary one. */
  readonly primary: FetchNode | null;
  /** What follows a subscription's primary fetch. */
  readonly rest: PlanStep | null;
  /** Turns the gathered data and errors into the answer. */
  readonly respond: (execution: Execution) => GraphQLResponse;
}

/** Shapers kept per operation, one for each setting of its `@skip` and `@include` variables. */
const maximumShapers = 64;

/**
 * Plans an operation and compiles plan and shaping. Throws a `GraphQLError` when the document has no such
 * operation or the plan has parts that nobody executes.
 */
export function compileOperation(
  graph: Graph,
  document: DocumentNode,
  operationName: string | undefined,
): CompiledOperation {
  const definition = operationDefinition(document, operationName);
  refuseDefer(document);
  const name = operationName ? { operationName } : {};
  const operation = operationFromDocument(graph.apiSchema, document, name);
  const { node } = graph.queryPlanner.buildQueryPlan(operation);
  const compile = (part: PlanNode | undefined) =>
    part === undefined
      ? null
      : compilePlan(part, { ...graph, variableDefinitions: operation.variableDefinitions });
  const respond = compileResponse(graph, definition, operation);
  if (node?.kind !== 'Subscription')
    return { definition, run: compile(node), primary: null, rest: null, respond };
  return { definition, run: compile(node.primary), primary: node.primary, rest: compile(node.rest), respond };
}

function operationDefinition(document: DocumentNode, name: string | undefined): OperationDefinitionNode {
  const operations = document.definitions.filter(
    (definition) => definition.kind === Kind.OPERATION_DEFINITION,
  );
  if (!name && operations.length > 1) {
    throw invalid('Must provide operation name if query contains multiple operations.');
  }
  const found = name ? operations.findLast((operation) => operation.name?.value === name) : operations[0];
  if (found === undefined) {
    throw invalid(name ? `Unknown operation named "${name}".` : 'Must provide an operation.');
  }
  return found;
}

/** Validation refuses it already; the planner would quietly ignore it in a document that nobody validated. */
function refuseDefer(document: DocumentNode): void {
  visit(document, {
    Directive({ name }) {
      if (name.value === 'defer') throw invalid('@defer is not supported by the gateway');
    },
  });
}

function invalid(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'INVALID_GRAPHQL' } });
}

function compileResponse(
  graph: Graph,
  definition: OperationDefinitionNode,
  operation: Operation,
): (execution: Execution) => GraphQLResponse {
  const shaperFor = shapersByCondition(operation);
  return (execution) => {
    const { data, errors, variables } = execution;
    const shaped = shaperFor(variables)?.(data) ?? unusual;
    if (shaped !== unusual) return errors.length === 0 ? { data: shaped } : { errors, data: shaped };
    return respondUnusually(graph, definition, operation, execution);
  };
}

/** Lets Apollo's own shaping decide what becomes of data that does not fit the schema. */
function respondUnusually(
  { internals, schema }: Graph,
  definition: OperationDefinitionNode,
  operation: Operation,
  { data: input, errors, variables }: Execution,
): GraphQLResponse {
  try {
    const { data, errors: valueCompletion } = internals.computeResponse({
      operation,
      variables,
      input,
      introspectionHandling: (field) =>
        executeIntrospection(schema, field.expandFragments().toSelectionNode(), definition, variables),
    });
    if (errors.length > 0) return { errors, data };
    return valueCompletion.length > 0 ? { data, extensions: { valueCompletion } } : { data };
  } catch (error) {
    return { errors: [asGraphQLError(error)] };
  }
}

/** The shaper for a request's variables; `null` when its answer needs Apollo's shaping in any case. */
function shapersByCondition(
  operation: Operation,
): (variables: Readonly<Record<string, unknown>>) => Shaper | null {
  const names = conditionVariables(operation);
  const defaults = operation.collectDefaultedVariableValues();
  const shapers = new Map<string, Shaper | null>();
  return (variables) => {
    const values = names.map((name) => variables[name] ?? (name in variables ? null : defaults[name]));
    const key = values.join();
    let shaper = shapers.get(key);
    if (shaper === undefined) {
      if (shapers.size >= maximumShapers || !values.every((value) => typeof value === 'boolean')) return null;
      shaper = compileShaper(
        operation,
        new Map(names.map((name, index) => [name, values[index] as boolean])),
      );
      shapers.set(key, shaper);
    }
    return shaper;
  };
}
