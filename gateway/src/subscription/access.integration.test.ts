import { afterAll, beforeAll, expect, test } from 'vitest';
import { RawSocket } from '../testing/clients.ts';
import { eventually } from '../testing/eventually.ts';
import { staff, startWorld, type World } from '../testing/world.ts';
import { closeCodes } from './close-codes.ts';

const asking = (
  mail: boolean,
) => `subscription ($mail: Boolean = ${mail}) { networkEvents { cursor session { ...Part } } }
  fragment Part on Session { id customer { name email @include(if: $mail) } }`;
const lacking = {
  path: ['networkEvents', 'session', 'customer', 'email'],
  extensions: { code: 'FORBIDDEN', missingScope: 'customers:read' },
};

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const key = (...scopes: string[]) => world.apiKey({ tenantId: 'ten_alpha', scopes });

const query = asking(true);

async function subscribe(token: string, payload: object = { query }): Promise<RawSocket> {
  const socket = await eventually(() => new RawSocket(world.gateway.url).initialise(token));
  socket.send({ id: 'a', type: 'subscribe', payload });
  const closed = socket.closed.then(({ code }) => {
    throw new Error(`closed with ${code}`);
  });
  await Promise.race([socket.count(2), closed]);
  return socket;
}

test('a subscription that selects what its key may not see does not begin, and the scope is named', async () => {
  const { opened } = world.tenants.alpha.events;
  const { text } = await key('network:read');
  const refused = await subscribe(text);
  expect(refused.messages.at(-1)).toMatchObject({ id: 'a', type: 'error', payload: [lacking] });
  refused.socket.terminate();
  const overSse = await fetch(`${world.gateway.url}/graphql`, {
    method: 'POST',
    headers: {
      accept: 'text/event-stream',
      'content-type': 'application/json',
      authorization: `Bearer ${text}`,
    },
    body: JSON.stringify({ query }),
  });
  expect([overSse.status, await overSse.json()]).toMatchObject([403, { errors: [lacking] }]);

  const { text: none } = await key();
  const both = await subscribe(none);
  expect(both.messages.at(-1)?.payload).toMatchObject([
    { path: ['networkEvents'], extensions: { missingScope: 'network:read' } },
    lacking,
  ]);
  both.socket.terminate();
  expect(world.tenants.alpha.events.opened).toBe(opened);
});

test('what the variables leave out is not needed', async () => {
  const { text } = await key('network:read');
  for (const payload of [{ query, variables: { mail: false } }, { query: asking(false) }]) {
    const begun = await subscribe(text, payload);
    expect(begun.messages.at(-1)).toMatchObject({ type: 'ping', payload: { start: { id: 'a' } } });
    begun.socket.terminate();
  }
});

test('when rights go, the stream ends at once, and does not begin again without them', async () => {
  const member = { tenantId: 'ten_alpha' };
  await world.person('usr_two', { ...member, role: 'PARTNER' });
  // The last: whoever knows of it knows of the other, and nothing changes any more.
  await world.person('usr_two', { ...member, role: 'NOC' });
  const token = await world.token({ ...staff('alpha', 'NOC'), id: 'usr_two', roles: ['NOC', 'PARTNER'] });
  const before = await eventually(async () => {
    const socket = await subscribe(token);
    expect(socket.messages.at(-1)).toMatchObject({ type: 'ping' });
    return socket;
  });
  await world.database.query(`delete from identity.membership where account_id = 'usr_two' and role = 'NOC'`);
  expect((await before.closed).code).toBe(closeCodes.AUTHORITY_CHANGED);
  const after = await subscribe(token);
  expect(after.messages.at(-1)).toMatchObject({
    type: 'error',
    payload: [{ extensions: { missingScope: 'network:read' } }, lacking],
  });
  after.socket.terminate();
});
