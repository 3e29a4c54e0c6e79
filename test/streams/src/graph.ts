/** Asks a stack's gateway as somebody with a token. */
export interface Graph {
  /** @throws Error with what the graph said when the operation has errors. */
  ask(
    query: string,
    variables: object,
    headers?: Readonly<Record<string, string>>,
  ): Promise<{ readonly data: Record<string, unknown>; readonly traceId: string | null }>;
  /** Runs a mutation with one input. @returns what it selects of the result, by default its id. @throws Error for a `Failure`. */
  mutate(
    field: string,
    input: object,
    selection?: string,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Record<string, string>>;
}

export function graphOf(url: string, token: string): Graph {
  const graph: Graph = {
    async ask(query, variables, headers = {}) {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers },
        body: JSON.stringify({ query, variables }),
      });
      const { data, errors } = (await response.json()) as {
        data: Record<string, unknown>;
        errors?: readonly unknown[];
      };
      if (errors !== undefined) throw new Error(JSON.stringify(errors));
      return { data, traceId: response.headers.get('x-trace-id') };
    },
    async mutate(field, input, selection = `... on ${resultOf[field]} { id }`, headers = {}) {
      const type = `${field.charAt(0).toUpperCase()}${field.slice(1)}`;
      const { data } = await graph.ask(
        `mutation ($input: ${type}Input!) { ${field}(input: $input) { __typename ... on Failure { code message } ${selection} } }`,
        { input },
        headers,
      );
      const answer = data[field] as Record<string, string>;
      if (answer.message !== undefined) throw new Error(`${field}: ${answer.message}`);
      return answer;
    },
  };
  return graph;
}

const resultOf: Readonly<Record<string, string>> = {
  registerNas: 'Nas',
  createAddressPool: 'AddressPool',
  createPlan: 'Plan',
  createCustomer: 'Customer',
  orderService: 'Service',
  lockService: 'Service',
};

const patienceMilliseconds = 90_000;

/** Asks again and again until the check passes; fails with the last answer after a minute and a half. */
export async function eventually<T>(ask: () => Promise<T>, check: (answer: T) => boolean): Promise<T> {
  for (const deadline = Date.now() + patienceMilliseconds; ; ) {
    const answer = await ask();
    if (check(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`It never came true; last seen: ${JSON.stringify(answer)}`);
    await new Promise((again) => setTimeout(again, 50));
  }
}

export interface Subscriber {
  readonly serviceId: string;
  readonly username: string;
  readonly password: string;
  readonly mac: string;
}

/** Registers a NAS on 127.0.0.1, a plan and its addresses, and orders a service for each login name. */
export async function subscribersOf(
  { ask, mutate }: Graph,
  nas: { readonly secret: string; readonly coaPort: number },
  usernames: readonly string[],
): Promise<Subscriber[]> {
  await mutate('registerNas', { name: 'bng-1', sourceAddress: '127.0.0.1', profile: 'mikrotik', ...nas });
  await mutate('createAddressPool', { name: 'residential', cidr: '100.64.0.0/26' });
  const rate = (bits: string) => ({ speedBitsPerSecond: bits });
  const shaping = { downstream: rate('50000000'), upstream: rate('10000000') };
  const { id: planId } = await mutate('createPlan', {
    name: 'Fifty',
    terms: { price: { amount: '4500', currency: 'USD' }, shaping },
  });
  const { id: customerId } = await mutate('createCustomer', { name: 'Ada' });
  return Promise.all(
    usernames.map(async (username, index) => {
      const { id: serviceId = '' } = await mutate('orderService', { customerId, planId, username });
      await eventually(
        () => ask('query ($id: ID!) { service(id: $id) { access { username } } }', { id: serviceId }),
        ({ data }) => (data.service as { access: object | null } | null)?.access != null,
      );
      const { password = '' } = await mutate(
        'revealAccessPassword',
        { serviceId, reason: 'test' },
        '... on RevealedPassword { password }',
      );
      return { serviceId, username, password, mac: `cc:2d:e0:00:00:${index.toString(16).padStart(2, '0')}` };
    }),
  );
}
