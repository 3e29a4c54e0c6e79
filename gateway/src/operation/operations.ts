import { createHash } from 'node:crypto';
import { type CarriedSpan, type Clock, failSpan, type Logger, startServerSpan } from '@dotmac/platform';
import { DomainError } from '@dotmac/schema';
import type { AccessRules } from '@dotmac/schema/access';
import {
  type DocumentNode,
  execute as executeDirectly,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  type OperationTypeNode,
  specifiedRules,
} from 'graphql';
import { GatewayError, statusOf } from '../errors.ts';
import { createDocumentCache, type DocumentCache } from '../execution/document-cache.ts';
import type { Executor, GraphQLResponse } from '../execution/executor.ts';
import type { Caller } from '../identity/caller.ts';
import type { Limits } from '../limits.ts';
import type { OperationMetrics } from '../metrics.ts';
import type { GatewayContext } from '../upstream/context.ts';
import { Admission } from './admission.ts';
import type { BudgetState } from './budget.ts';
import { type CacheHints, type CachePolicy, cachePolicyOf } from './cache-policy.ts';
import { type Cost, compileCost } from './cost.ts';
import type { CostDirectives } from './cost-directives.ts';
import { formatError } from './format-error.ts';
import {
  type IntrospectionPolicy,
  introspects,
  type SchemaView,
  schemaViewOf,
  selectsSchema,
} from './introspection.ts';
import { limitRule } from './limit-rule.ts';
import type { OperationRecords } from './operation-records.ts';
import type { OperationParams, RequestParams } from './params.ts';
import { lackingForStream } from './stream-access.ts';
import type { TrustedDocuments } from './trusted-documents.ts';
import { VisibleSchemas } from './visible-schema.ts';

/** A document that this caller may run. */
export interface PreparedOperation {
  readonly document: DocumentNode;
  readonly operationName: string | undefined;
  /** As the document names it, whether the client said which one or it is the only one. */
  readonly name: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly type: OperationTypeNode;
  /** What it costs at worst; see `cost.ts`. */
  readonly cost: number;
  readonly idempotency: Idempotency | undefined;
  /** What a question about the schema itself is answered from, where that is not the whole of it. */
  readonly visibleSchema: GraphQLSchema | undefined;
}

/** A mutation that is done once however often it is sent. */
interface Idempotency {
  readonly key: string;
  /** SHA-256 of the whole request. */
  readonly requestHash: string;
}

/** Nothing was executed: why, and the status that says so in HTTP. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused';
  readonly errors: readonly unknown[];
  readonly status: number;
  constructor(errors: readonly unknown[], status: number) {
    super('The request was refused');
    this.errors = errors;
    this.status = status;
  }
}

/** What is sent to a client. */
export interface FormattedResponse {
  data?: Record<string, unknown> | null;
  errors?: readonly object[];
  extensions?: Record<string, unknown>;
}

interface DocumentFacts {
  readonly introspects: boolean;
  readonly operations: ReadonlyMap<string, OperationTypeNode>;
  readonly costs: Map<string, Cost>;
  cachePolicy?: CachePolicy;
}

export interface OperationsOptions {
  readonly executor: Executor<GatewayContext>;
  readonly costDirectives: CostDirectives;
  readonly cacheHints: CacheHints;
  readonly access: AccessRules;
  readonly documents: TrustedDocuments;
  readonly limits: Limits;
  readonly introspection: IntrospectionPolicy;
  readonly records: OperationRecords;
  readonly metrics: OperationMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The one way in for operations of every transport: the same documents, rules, limits and errors. */
export class Operations {
  readonly executor: Executor<GatewayContext>;
  readonly #options: OperationsOptions;
  readonly #documents: DocumentCache;
  readonly #facts = new WeakMap<DocumentNode, DocumentFacts>();
  readonly #admission: Admission;
  readonly #visibleSchemas: VisibleSchemas;

  constructor(options: OperationsOptions) {
    this.executor = options.executor;
    this.#options = options;
    this.#admission = new Admission(options.limits, options.clock);
    this.#visibleSchemas = new VisibleSchemas(options.executor.schema, options.access);
    this.#documents = createDocumentCache({
      schema: options.executor.schema,
      rules: [limitRule(options.limits), ...specifiedRules],
      maximumTokens: options.limits.tokens,
    });
  }

  /** The request with the text of its document, where it names a registered one. @throws GatewayError */
  resolve(params: RequestParams, caller: Caller): OperationParams | Promise<OperationParams> {
    return this.#options.documents.resolve(params, caller);
  }

  /**
   * Whether the operation may run now; takes its cost from the budgets. Every transport asks once per operation.
   * @throws GatewayError `COST_LIMIT_EXCEEDED`, `RATE_LIMITED`
   */
  admit(operation: PreparedOperation, caller: Caller, address: string): BudgetState | null {
    const { document, operationName, cost } = operation;
    const state = this.#admission.spend(cost, caller, address);
    const { kind, id } = caller.principal;
    if (kind === 'apiKey') this.#options.records.used(id, document, operationName);
    return state;
  }

  /** For `extensions.cost`. */
  quote({ cost }: PreparedOperation): { readonly operation: number; readonly limit: number } {
    return { operation: cost, limit: this.#options.limits.cost };
  }

  /** For how long this caller may keep the answer, if it has no errors, and whether others may have it of him. */
  cachePolicy({ document }: PreparedOperation, { principal }: Caller): CachePolicy {
    const facts = this.#factsOf(document);
    const { executor, cacheHints, access } = this.#options;
    facts.cachePolicy ??= cachePolicyOf(executor.schema, cacheHints, access, document);
    // What was asked with a credential is nobody else's, whatever it says.
    return principal.kind === 'anonymous' ? facts.cachePolicy : { ...facts.cachePolicy, scope: 'PRIVATE' };
  }

  /** @throws RequestRefused for a document that is broken, too large, or not for this caller. */
  prepare(params: OperationParams, caller: Caller): PreparedOperation {
    const document = this.#check(params.query);
    const { operations, introspects: asksSchema, costs } = this.#factsOf(document);
    const { operationName, variables = {} } = params;
    const type = typeOf(operations, operationName);
    const visibleSchema = asksSchema ? this.#schemaFor(document, operationName, caller) : undefined;
    let costOf = costs.get(operationName ?? '');
    if (costOf === undefined) {
      const { executor, costDirectives } = this.#options;
      costOf = compileCost(executor.schema, costDirectives, document, operationName);
      costs.set(operationName ?? '', costOf);
    }
    if (type === 'subscription') this.#refuseLacking({ document, operationName, variables }, caller);
    const idempotency = type === 'mutation' ? idempotencyOf(params, caller) : undefined;
    const [only = ''] = operations.keys();
    const name = operationName ?? (only === '' ? undefined : only);
    const cost = costOf(variables);
    return { document, operationName, name, variables, type, cost, idempotency, visibleSchema };
  }

  /** Runs a query or mutation until it is done, the deadline passes or the client leaves. */
  async execute(
    operation: PreparedOperation,
    caller: Caller,
    request: {
      readonly traceId: string;
      readonly signal: NonNullable<GatewayContext['signal']>;
      readonly trace?: CarriedSpan;
    },
  ): Promise<FormattedResponse> {
    const { clock, limits, metrics } = this.#options;
    const { document, operationName, name, variables, type } = operation;
    const began = performance.now();
    let outcome = 'failed';
    let leave: (() => void) | undefined;
    const trace = request.trace ?? startServerSpan(type, undefined);
    if (trace.span.isRecording()) describe(trace.span, operation, caller);
    try {
      leave = this.#admission.enter(caller);
      if (operation.visibleSchema !== undefined) {
        const schema = operation.visibleSchema;
        const shown = await executeDirectly({ schema, document, operationName, variableValues: variables });
        if (shown.data) outcome = shown.errors === undefined ? 'ok' : 'partial';
        return this.format(shown as GraphQLResponse, caller, request.traceId);
      }
      const context: GatewayContext = {
        tenant: caller.principal.tenantId,
        principal: caller.principal,
        traceId: request.traceId,
        trace: trace.context,
        signal: request.signal,
        // Every call to a subgraph keeps it; nothing else of an operation waits.
        deadline: clock.now() + limits.operationMilliseconds,
        ...(operation.idempotency === undefined
          ? {}
          : { idempotency: { ...operation.idempotency, next: 0 } }),
      };
      const response = await this.executor.execute({ document, operationName, variables, context });
      if (response.data) outcome = response.errors === undefined ? 'ok' : 'partial';
      return this.format(response, caller, request.traceId);
    } catch (error) {
      failSpan(trace.span, error);
      return this.failure([error], caller, request.traceId);
    } finally {
      leave?.();
      const seconds = (performance.now() - began) / 1000;
      metrics.ran(caller.principal, { type, operationName: name, cost: operation.cost, outcome, seconds });
      if (request.trace === undefined) trace.span.end();
    }
  }

  /** Makes an answer fit for the client. `data` passes as it is. */
  format(response: GraphQLResponse, caller: Caller | null, traceId: string): FormattedResponse {
    const { errors } = response;
    if (errors === undefined || errors.length === 0) return response as FormattedResponse;
    return { ...response, ...this.failure(errors, caller, traceId) };
  }

  failure(errors: readonly unknown[], caller: Caller | null, traceId: string): FormattedResponse {
    const { logger, introspection } = this.#options;
    // Made from the whole schema, they would name what a key may not see.
    const suggestions = caller !== null && schemaViewOf(introspection, caller) === 'whole';
    return { errors: errors.map((error) => formatError(error, { traceId, logger, suggestions })) };
  }

  /** `@access` tells how keys and people are met; others are met by the subgraphs. @throws RequestRefused */
  #refuseLacking(
    operation: Pick<PreparedOperation, 'document' | 'operationName' | 'variables'>,
    { principal }: Caller,
  ): void {
    if (principal.kind !== 'apiKey' && principal.kind !== 'user') return;
    const { executor, access } = this.#options;
    const lacking = lackingForStream(executor.schema, access, operation, principal);
    if (lacking.length > 0) throw new RequestRefused(lacking, 403);
  }

  /** The schema that the caller's question about it is answered from; undefined for the whole. @throws RequestRefused */
  #schemaFor(
    document: DocumentNode,
    operationName: string | undefined,
    caller: Caller,
  ): GraphQLSchema | undefined {
    const view: SchemaView = schemaViewOf(this.#options.introspection, caller);
    if (view === 'whole') return undefined;
    if (view === 'none')
      throw refused(new GatewayError('INTROSPECTION_DISABLED', 'The schema is not shown to you here'));
    switch (selectsSchema(document, operationName)) {
      case 'only':
        return this.#visibleSchemas.of(caller);
      case 'not':
        return undefined;
      case 'among others':
        throw refused(
          new GatewayError('INTROSPECTION_DISABLED', 'Ask for the schema in an operation of its own'),
        );
    }
  }

  #check(text: string): DocumentNode {
    try {
      const checked = this.#documents.check(text);
      if ('document' in checked) return checked.document;
      throw new RequestRefused(checked.errors, 400);
    } catch (error) {
      if (error instanceof DomainError) throw refused(error);
      throw error;
    }
  }

  #factsOf(document: DocumentNode): DocumentFacts {
    let facts = this.#facts.get(document);
    if (facts === undefined) {
      const operations = document.definitions.filter(
        (definition) => definition.kind === Kind.OPERATION_DEFINITION,
      );
      facts = {
        introspects: introspects(document),
        costs: new Map(),
        operations: new Map(operations.map(({ name, operation }) => [name?.value ?? '', operation])),
      };
      this.#facts.set(document, facts);
    }
    return facts;
  }
}

/** Attributes of OpenTelemetry's conventions for GraphQL, and ours. The name of a span is one of three. */
function describe(span: CarriedSpan['span'], { type, name, cost }: PreparedOperation, caller: Caller): void {
  const { kind, id, tenantId } = caller.principal;
  span.updateName(type);
  span.setAttributes({
    'graphql.operation.type': type,
    ...(name === undefined ? {} : { 'graphql.operation.name': name }),
    'dotmac.cost': cost,
    'dotmac.principal.kind': kind,
    'dotmac.principal': id,
    ...(tenantId === null ? {} : { 'dotmac.tenant': tenantId }),
  });
}

function idempotencyOf(params: OperationParams, { principal }: Caller): Idempotency | undefined {
  const { idempotencyKey: key, query, operationName, variables } = params;
  if (key === undefined) return undefined;
  if (principal.kind === 'anonymous') {
    throw refused(new GatewayError('BAD_REQUEST', 'An idempotency key needs a credential beside it'));
  }
  const text = JSON.stringify([query, operationName, variables]);
  return { key, requestHash: createHash('sha256').update(text).digest('hex') };
}

function refused(error: DomainError): RequestRefused {
  return new RequestRefused([error], statusOf(error));
}

function typeOf(operations: DocumentFacts['operations'], name: string | undefined): OperationTypeNode {
  const [only] = operations.values();
  const type = name === undefined ? (operations.size === 1 ? only : undefined) : operations.get(name);
  if (type !== undefined) return type;
  const message =
    name === undefined
      ? 'The document has several operations: give "operationName"'
      : `There is no operation "${name}"`;
  throw new RequestRefused([new GraphQLError(message, { extensions: { code: 'BAD_REQUEST' } })], 400);
}
