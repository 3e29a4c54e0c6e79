/** An operation failed as a whole: the graph could not be reached, or answered with errors. */
export class GraphError extends Error {
  override readonly name = 'GraphError';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

interface GraphAnswer {
  readonly data?: unknown;
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[];
}

/** The command line's way into the graph: it can do what its token may, like any other client. */
export interface GraphClient {
  readonly url: string;
  /** @throws GraphError with the first error of the answer. */
  ask<Data>(query: string, variables?: Record<string, unknown>): Promise<Data>;
  /** The same graph as somebody else. */
  as(token: string, tenant?: string): GraphClient;
}

export function graphClient(url: string, token?: string, tenant?: string): GraphClient {
  return {
    url,
    as: (other, otherTenant) => graphClient(url, other, otherTenant),
    async ask<Data>(query: string, variables: Record<string, unknown> = {}) {
      const response = await send(url, query, variables, token, tenant);
      const { data, errors } = (await response.json()) as GraphAnswer;
      const [first] = errors ?? [];
      if (first !== undefined) throw new GraphError(first.extensions?.code ?? 'UNKNOWN', first.message);
      return data as Data;
    },
  };
}

async function send(
  url: string,
  query: string,
  variables: Record<string, unknown>,
  token: string | undefined,
  tenant: string | undefined,
): Promise<Response> {
  try {
    return await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(tenant === undefined ? {} : { 'x-dotmac-tenant': tenant }),
      },
      body: JSON.stringify({ query, variables }),
    });
  } catch (error) {
    throw new GraphError(
      'UNREACHABLE',
      `Nothing answers at ${url}. Is DotMac started? (${error instanceof Error ? error.message : error})`,
    );
  }
}

/** The member of a result union that means success. @throws GraphError for any other, with its code and message. */
export function expectResult<T extends { __typename: string }>(
  result: T & { code?: string; message?: string },
  typename: string,
): T {
  if (result.__typename !== typename)
    throw new GraphError(
      result.code ?? result.__typename,
      result.message ?? `Got ${result.__typename}, not ${typename}`,
    );
  return result;
}
