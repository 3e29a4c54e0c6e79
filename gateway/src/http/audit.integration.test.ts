import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startWorld, type World } from '../testing/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({ introspection: 'everybody' });
});
afterAll(() => world[Symbol.asyncDispose]());

/** Requests by GET are refused on purpose: a page could make a browser send them. */
const byGet = /\bGETs?\b/;

// The checks only become known with the address, so they run as one test.
test('GraphQL over HTTP: every MUST and SHOULD, and every MAY that is not about GET', async () => {
  const audits = serverAudits({ url: `${world.gateway.url}/graphql`, fetchFn: fetch });
  const failed: string[] = [];
  for (const { name, fn } of audits) {
    const result = await fn();
    if (result.status !== 'ok') failed.push(`${name}: ${result.reason}`);
  }
  expect(audits.length).toBeGreaterThan(50);
  expect(failed.filter((text) => !byGet.test(text))).toEqual([]);
});
