import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../testing/eventually.ts';
import { startWorld, type World } from '../testing/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const registered = new Map<string, Promise<string>>();

/** Asks by GET for a document of alpha, when the gateway has heard of it and of the credential. */
async function get(text: string, headers: Record<string, string> = {}): Promise<Response> {
  const registering = registered.get(text) ?? world.document('ten_alpha', text);
  registered.set(text, registering);
  const id = await registering;
  return eventually(async () => {
    const response = await fetch(`${world.gateway.url}/graphql?documentId=${id}`, {
      headers: { 'x-dotmac-tenant': 'alpha', ...headers },
    });
    expect(response.status).toBe(200);
    return response;
  });
}

const control = (response: Response) => response.headers.get('cache-control');

const offers = 'query Offers { offers { name price { minor } } }';

test('what is public may be kept by everybody, for one tenant and for who sends no credential', async () => {
  const response = await get(offers);
  expect(control(response)).toBe('max-age=60, public');
  expect(response.headers.get('vary')).toBe('authorization, x-dotmac-tenant, accept');
  expect(await response.json()).toEqual({
    data: { offers: [{ name: 'Fibre of ten_alpha', price: { minor: 4500 } }] },
  });
  const url = response.url;
  const unchanged = await fetch(url, {
    headers: { 'x-dotmac-tenant': 'alpha', 'if-none-match': response.headers.get('etag') ?? '' },
  });
  expect([unchanged.status, control(unchanged)]).toEqual([304, 'max-age=60, public']);
  const elsewhere = await fetch(url, { headers: { 'x-dotmac-tenant': 'bravo' } });
  expect([elsewhere.status, control(elsewhere)]).toEqual([404, 'no-store']);
});

test('what is asked with a credential is nobody else’s, even if it says the same', async () => {
  const { text: key } = await world.apiKey({ tenantId: 'ten_alpha', scopes: ['customers:read'] });
  const authorization = `Bearer ${key}`;
  expect(control(await get(offers, { authorization }))).toBe('max-age=60, private');
  const guarded = await get('{ offers { name margin } }', { authorization });
  expect(await guarded.json()).toHaveProperty('data.offers.0.margin', 7);
  expect(control(guarded)).toBe('max-age=60, private');
});

test('the shortest time and the narrowest circle hold, and no hint is no time', async () => {
  expect(control(await get('{ offers { name mine } }'))).toBe('max-age=30, private');
  expect(control(await get('{ offers { name } customer(id: "c1") { name } }'))).toBe('private, no-cache');
  expect(control(await get('{ whoAmI { id } }'))).toBe('private, no-cache');
});

test('an answer with errors is not kept, nor is one by POST', async () => {
  const failed = await get('{ offers { name broken } }');
  expect(control(failed)).toBe('no-store');
  expect(await failed.json()).toHaveProperty('errors.0.extensions.code', 'INTERNAL');
  const refused = await get('{ offers { name margin } }');
  expect([control(refused), (await refused.json()).errors[0].extensions.code]).toEqual([
    'no-store',
    'FORBIDDEN',
  ]);
  const posted = await world.query({ query: offers }, { headers: { 'x-dotmac-tenant': 'alpha' } });
  expect(posted.headers.get('cache-control')).toBe('no-store');
});
