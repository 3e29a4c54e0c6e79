import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  parse,
  type ValidationRule,
  validate,
} from 'graphql';

/** A document that may be executed, or why not. */
export type CheckedDocument =
  | { readonly document: DocumentNode }
  /** `GRAPHQL_PARSE_FAILED` or `GRAPHQL_VALIDATION_FAILED` is the `code` of every error. */
  | { readonly errors: readonly GraphQLError[] };

export interface DocumentCacheOptions {
  readonly schema: GraphQLSchema;
  /** All rules, the specified ones included. */
  readonly rules: readonly ValidationRule[];
  readonly maximumTokens: number;
  /** Sum of the texts kept, in UTF-16 units; 8 Mi when absent. */
  readonly maximumSize?: number;
}

export interface DocumentCache {
  /** The same text gives the same document object, on which executors hang their plans. */
  check(text: string): CheckedDocument;
  readonly size: number;
}

/**
 * Parses and validates every text once. Only valid documents are kept, least recently used dropped first: a
 * flood of broken ones does not push out what clients really use.
 */
export function createDocumentCache(options: DocumentCacheOptions): DocumentCache {
  const { schema, rules, maximumTokens, maximumSize = 8 * 1024 * 1024 } = options;
  const documents = new Map<string, { readonly document: DocumentNode }>();
  let size = 0;

  function keep(text: string, checked: { readonly document: DocumentNode }): void {
    if (text.length > maximumSize) return;
    documents.set(text, checked);
    size += text.length;
    for (const oldest of documents.keys()) {
      if (size <= maximumSize) break;
      documents.delete(oldest);
      size -= oldest.length;
    }
  }

  return {
    check(text) {
      const known = documents.get(text);
      if (known !== undefined) {
        // The order of use matters only once something has to go.
        if (size > maximumSize / 2) {
          documents.delete(text);
          documents.set(text, known);
        }
        return known;
      }
      const checked = checkDocument(text, schema, rules, maximumTokens);
      if ('document' in checked) keep(text, checked);
      return checked;
    },
    get size() {
      return size;
    },
  };
}

function checkDocument(
  text: string,
  schema: GraphQLSchema,
  rules: readonly ValidationRule[],
  maximumTokens: number,
): CheckedDocument {
  let document: DocumentNode;
  try {
    document = parse(text, { maxTokens: maximumTokens });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return { errors: [withCode(error, 'GRAPHQL_PARSE_FAILED')] };
  }
  const errors = validate(schema, document, rules);
  if (errors.length === 0) return { document };
  return { errors: errors.map((error) => withCode(error, 'GRAPHQL_VALIDATION_FAILED')) };
}

function withCode(error: GraphQLError, code: string): GraphQLError {
  if (error.extensions.code === undefined) error.extensions.code = code;
  return error;
}
