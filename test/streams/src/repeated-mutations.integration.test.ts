import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Stack, startStack } from './stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack[Symbol.asyncDispose]());

/** Kills of the gateway, and clients who go on the whole time. */
const kills = 6;
const clients = 4;
/** What tells a client to repeat: the gateway is gone, or the first attempt still runs behind it. */
const repeated = ['IDEMPOTENCY_IN_PROGRESS', 'SUBGRAPH_UNAVAILABLE', 'TIMEOUT', 'UNAUTHENTICATED'];

interface Answer {
  readonly data?: { readonly createCustomer: { readonly __typename: string; readonly id: string } } | null;
  readonly errors?: readonly { readonly extensions: { readonly code: string } }[];
}

test(`a mutation that is repeated with its key while the gateway is killed ${kills} times happens once`, async () => {
  const token = await stack.token('OWNER');
  const attempt = async (key: string): Promise<Answer | null> => {
    try {
      const response = await fetch(stack.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${token}`,
          'idempotency-key': key,
        },
        body: JSON.stringify({
          query: `mutation { createCustomer(input: { name: "${key}" }) { __typename ... on Customer { id } } }`,
        }),
      });
      return (await response.json()) as Answer;
    } catch {
      // Nobody listens, or the answer was cut off.
      return null;
    }
  };
  const created = new Map<string, string>();
  let attempts = 0;
  const createOnce = async (key: string) => {
    for (;;) {
      attempts += 1;
      const answer = await attempt(key);
      const [error] = answer?.errors ?? [];
      if (answer === null || (error !== undefined && repeated.includes(error.extensions.code))) {
        await new Promise((again) => setTimeout(again, 5));
        continue;
      }
      expect(answer).toMatchObject({ data: { createCustomer: { __typename: 'Customer' } } });
      return void created.set(key, answer.data?.createCustomer.id ?? '');
    }
  };
  let killing = true;
  const client = async (_: unknown, number: number) => {
    for (let count = 0; killing; count += 1) await createOnce(`key-${number}-${count}`);
  };
  const killer = async () => {
    for (let killed = 0; killed < kills; killed += 1) {
      const before = created.size;
      await expect.poll(() => created.size, { timeout: 30_000 }).toBeGreaterThan(before + clients);
      await stack.gateway.kill();
      await stack.gateway.start();
    }
    killing = false;
  };
  await Promise.all([killer(), ...Array.from({ length: clients }, client)]);

  const customers = await stack.database
    .selectFrom('subscribers.customer')
    .select(['id', 'name'])
    .where('name', 'like', 'key-%')
    .execute();
  expect(new Map(customers.map(({ id, name }) => [name, id]))).toEqual(created);
  expect(customers).toHaveLength(created.size);
  // Otherwise no kill has met a request.
  expect(attempts).toBeGreaterThan(created.size);
  const [key, id] = [...created][0] ?? [];
  expect(await attempt(key ?? '')).toMatchObject({ data: { createCustomer: { id } } });
}, 180_000);
