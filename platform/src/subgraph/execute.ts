import type { Context } from '@dotmac/schema';
import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionResult,
  execute,
  type FieldNode,
  type FormattedExecutionResult,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  parse,
  type SelectionSetNode,
  validate,
} from 'graphql';
import { AbandonedError } from '../database/cancellation.ts';
import { isDatabaseOutage } from '../database/outage.ts';
import type { Logger } from '../telemetry/logger.ts';
import { withSpan } from '../telemetry/tracing.ts';
import type { RequestedChange } from './audit.ts';

export interface GraphqlRequest {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
}

/** What a subscription gives: its results, and the cursor that they follow where there is one. */
export interface ResultStream {
  readonly start: string | null;
  readonly results: AsyncIterable<FormattedExecutionResult>;
  /**
   * The cursor to go on from for whoever has had all results, as far as the log is now; null where there is none, or while a
   * result is being made.
   */
  place(): string | null;
}

/** Code of what failed only because the database was away: asked again later, it may go through. */
export const unavailable = 'UNAVAILABLE';

/** The gateway sends the same few documents over and over: parsed and validated once. */
const cachedDocuments = 500;

/** Runs operations of one subgraph: cached documents, domain errors passed on, surprises masked and logged. */
export class SubgraphExecutor {
  readonly #schema: GraphQLSchema;
  readonly #logger: Logger;
  readonly #documents = new Map<string, DocumentNode | readonly GraphQLError[]>();

  constructor(schema: GraphQLSchema, logger: Logger) {
    this.#schema = schema;
    this.#logger = logger;
  }

  /** Whether the request reads only. */
  isQuery({ query, operationName }: GraphqlRequest): boolean {
    const document = this.#document(query);
    return isDocument(document) && getOperationAST(document, operationName)?.operation === 'query';
  }

  /** The changes that the request asks for; none when it reads. */
  changesOf({ query, operationName }: GraphqlRequest): readonly RequestedChange[] {
    const document = this.#document(query);
    const operation = isDocument(document) ? getOperationAST(document, operationName) : null;
    if (!isDocument(document) || operation?.operation !== 'mutation') return [];
    return rootFields(operation.selectionSet, document).map((node) => ({
      field: node.name.value,
      alias: node.alias?.value ?? node.name.value,
    }));
  }

  async execute(request: GraphqlRequest, context: Context): Promise<FormattedExecutionResult> {
    const document = this.#document(request.query);
    if (!isDocument(document)) return { errors: document.map((error) => error.toJSON()) };
    const args = {
      schema: this.#schema,
      document,
      contextValue: context,
      variableValues: request.variables ?? null,
      operationName: request.operationName ?? null,
    };
    const attributes = { 'dotmac.trace_id': context.traceId, 'dotmac.principal': context.principal.id };
    const result = await withSpan('dotmac.subgraph.execute', attributes, async () => execute(args));
    return this.#format(result, context);
  }

  /** A stream of results, or one result that says why there is none. */
  async subscribe(
    request: GraphqlRequest,
    context: Context,
  ): Promise<ResultStream | FormattedExecutionResult> {
    const document = this.#document(request.query);
    if (!isDocument(document)) return { errors: document.map((error) => error.toJSON()) };
    const args = {
      schema: this.#schema,
      document,
      contextValue: context,
      variableValues: request.variables ?? null,
      operationName: request.operationName ?? null,
    };
    const source = await createSourceEventStream(args);
    if (!(Symbol.asyncIterator in source)) return this.#format(source, context);
    const format = async (rootValue: unknown) => this.#format(await execute({ ...args, rootValue }), context);
    const results = mapStream(source, format);
    return { start: startOf(source), results, place: () => (results.idle() ? placeOf(source) : null) };
  }

  #document(query: string): DocumentNode | readonly GraphQLError[] {
    const known = this.#documents.get(query);
    if (known !== undefined) return known;
    const document = this.#parse(query);
    if (this.#documents.size >= cachedDocuments) {
      const oldest = this.#documents.keys().next().value;
      if (oldest !== undefined) this.#documents.delete(oldest);
    }
    this.#documents.set(query, document);
    return document;
  }

  #parse(query: string): DocumentNode | readonly GraphQLError[] {
    try {
      const document = parse(query, { maxTokens: 20_000 });
      const errors = validate(this.#schema, document);
      return errors.length === 0 ? document : errors;
    } catch (error) {
      if (error instanceof GraphQLError) return [error];
      throw error;
    }
  }

  #format(result: ExecutionResult, context: Context): FormattedExecutionResult {
    if (result.errors === undefined) return result as FormattedExecutionResult;
    return {
      ...result,
      errors: result.errors.map((error) => this.#formatError(error, context)),
    } as FormattedExecutionResult;
  }

  #formatError(error: GraphQLError, context: Context): GraphQLFormattedError {
    const expected = error.originalError === undefined || typeof error.extensions.code === 'string';
    if (expected) return error.toJSON();
    if (error.originalError instanceof AbandonedError || codeOf(error.originalError) === statementCancelled) {
      return { ...error.toJSON(), message: 'It was given up', extensions: { code: 'TIMEOUT' } };
    }
    if (isDatabaseOutage(error.originalError)) {
      this.#logger.warn(
        { error: error.originalError, path: error.path, traceId: context.traceId },
        'the database is away',
      );
      return {
        ...error.toJSON(),
        message: 'The database does not answer now',
        extensions: { code: unavailable, traceId: context.traceId },
      };
    }
    this.#logger.error(
      { error: error.originalError, path: error.path, traceId: context.traceId },
      'a resolver failed',
    );
    return {
      message: `Something went wrong here. Reference ${context.traceId}`,
      extensions: { code: 'INTERNAL', traceId: context.traceId },
      ...(error.path === undefined ? {} : { path: error.path }),
      ...(error.locations === undefined ? {} : { locations: error.locations }),
    };
  }
}

/** SQLSTATE of a statement that was cancelled. */
const statementCancelled = '57014';

function codeOf(error: object | undefined): unknown {
  return error !== undefined && 'code' in error ? error.code : undefined;
}

/** The cursor that a source of events says it starts from: see `EventLog.subscribe`. */
function startOf(source: object): string | null {
  return 'start' in source && typeof source.start === 'string' ? source.start : null;
}

function placeOf(source: object): string | null {
  return 'place' in source && typeof source.place === 'function' ? source.place() : null;
}

function isDocument(document: DocumentNode | readonly GraphQLError[]): document is DocumentNode {
  return 'kind' in document;
}

/** The fields of an operation itself, those in its fragments too. */
function rootFields({ selections }: SelectionSetNode, document: DocumentNode): FieldNode[] {
  return selections.flatMap((node) => {
    if (node.kind === Kind.FIELD) return [node];
    if (node.kind === Kind.INLINE_FRAGMENT) return rootFields(node.selectionSet, document);
    const fragment = document.definitions.find(
      (definition) =>
        definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === node.name.value,
    );
    return fragment?.kind === Kind.FRAGMENT_DEFINITION ? rootFields(fragment.selectionSet, document) : [];
  });
}

/**
 * Like `map` for arrays; ends the source when the consumer ends, at once and not with the next item. `idle`: the consumer has
 * had all that the source gave.
 */
function mapStream<A, B>(
  source: AsyncIterable<A>,
  map: (item: A) => Promise<B>,
): AsyncIterable<B> & { idle(): boolean } {
  let waiting = false;
  return {
    idle: () => waiting,
    [Symbol.asyncIterator]() {
      const items = source[Symbol.asyncIterator]();
      return {
        async next() {
          waiting = true;
          const item = await items.next();
          waiting = false;
          return item.done === true
            ? { done: true, value: undefined }
            : { done: false, value: await map(item.value) };
        },
        async return() {
          await items.return?.();
          return { done: true, value: undefined };
        },
      };
    },
  };
}
