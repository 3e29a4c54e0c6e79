import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closeCodes } from '../subscription/close-codes.ts';
import { RawSocket } from '../testing/clients.ts';
import { eventually } from '../testing/eventually.ts';
import { staff, startWorld, type World } from '../testing/world.ts';

let world: World;
let token: string;
let url: string;
beforeAll(async () => {
  world = await startWorld({
    limits: { connectionsPerPrincipal: 3, operationsPerConnection: 2 },
  });
  token = await world.token(staff('alpha', 'OWNER'));
  ({ url } = world.gateway);
});
afterAll(() => world[Symbol.asyncDispose]());

const watch = 'subscription { networkEvents { cursor } }';
const subscribe = (id: string, query = watch) => ({ id, type: 'subscribe', payload: { query } });

describe('graphql-transport-ws', () => {
  test.each([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['an unknown type', { type: 'start' }],
    ['a subscription without an id', { type: 'subscribe', payload: { query: watch } }],
    ['a subscription without a payload', { type: 'subscribe', id: '1' }],
    ['octets', Buffer.from([1, 2, 3])],
  ])('closes with 4400 at %s', async (_, message) => {
    const socket = await new RawSocket(url).initialise(token);
    socket.send(message);
    expect((await socket.closed).code).toBe(closeCodes.BAD_MESSAGE);
  });

  test('closes with 1009 at a message that is too large', async () => {
    const socket = await new RawSocket(url).initialise(token);
    socket.send(subscribe('1', `{ __typename } #${'x'.repeat(300_000)}`));
    expect((await socket.closed).code).toBe(1009);
  });

  test('closes with 4401 at a subscription before connection_init', async () => {
    const socket = await new RawSocket(url).open();
    socket.send(subscribe('1'));
    expect((await socket.closed).code).toBe(closeCodes.UNAUTHORISED);
  });

  test('closes with 4401 at a bad token, 4403 at a tenant that is not the caller’s', async () => {
    const bad = await new RawSocket(url).open();
    bad.send({ type: 'connection_init', payload: { authorization: 'Bearer nonsense' } });
    expect(await bad.closed).toEqual({ code: closeCodes.UNAUTHORISED, reason: 'The token is not valid' });
    const foreign = await new RawSocket(url).open();
    foreign.send({ type: 'connection_init', payload: { authorization: `Bearer ${token}`, tenant: 'bravo' } });
    expect((await foreign.closed).code).toBe(closeCodes.FORBIDDEN);
  });

  test('closes with 4408 without connection_init, 4429 at a second one', async () => {
    const impatient = await world.another({ limits: { connectionInitMilliseconds: 100 } });
    const silent = await new RawSocket(impatient.url).open();
    expect((await silent.closed).code).toBe(closeCodes.INITIALISATION_TIMEOUT);
    const twice = await new RawSocket(url).initialise(token);
    twice.send({ type: 'connection_init' });
    expect((await twice.closed).code).toBe(closeCodes.TOO_MANY_INITIALISATIONS);
  });

  test('closes with 4409 when an id is used twice at a time', async () => {
    const socket = await new RawSocket(url).initialise(token);
    socket.send(subscribe('1'));
    socket.send(subscribe('1'));
    expect((await socket.closed).code).toBe(closeCodes.DUPLICATE_OPERATION);
  });

  test('closes with 4406 what speaks something else', async () => {
    const socket = new RawSocket(url, {}, 'graphql-ws');
    await expect(socket.open()).rejects.toThrow(/subprotocol/i);
    const path = new RawSocket(`${url}/elsewhere`);
    await expect(path.open()).rejects.toThrow('404');
  });

  test('answers a ping and takes the credential of the upgrade', async () => {
    const socket = await new RawSocket(url, { authorization: `Bearer ${token}` }).initialise();
    socket.send({ type: 'ping' });
    socket.send(subscribe('q', '{ whoAmI { id } }'));
    await socket.count(4);
    expect(socket.messages).toEqual([
      { type: 'connection_ack' },
      { type: 'pong' },
      { id: 'q', type: 'next', payload: { data: { whoAmI: { id: 'usr_alpha_owner' } } } },
      { id: 'q', type: 'complete' },
    ]);
    socket.socket.close();
    await socket.closed;
  });

  test('limits operations per connection, and frees one when it is stopped', async () => {
    const socket = await new RawSocket(url).initialise(token);
    for (const id of ['1', '2', '3']) socket.send(subscribe(id));
    await socket.count(2);
    expect(socket.messages[1]).toMatchObject({
      id: '3',
      type: 'error',
      payload: [{ extensions: { code: 'TOO_MANY_OPERATIONS', allowed: 2 } }],
    });
    socket.send({ type: 'complete', id: '1' });
    socket.send(subscribe('4', '{ __typename }'));
    await socket.count(4);
    expect(socket.messages.slice(2).map(({ type }) => type)).toEqual(['next', 'complete']);
    socket.socket.close();
    await socket.closed;
  });

  test('limits connections per principal', async () => {
    const noc = await world.token(staff('alpha', 'NOC'));
    const held = await Promise.all([1, 2, 3].map(() => new RawSocket(url).initialise(noc)));
    const fourth = await new RawSocket(url).open();
    fourth.send({ type: 'connection_init', payload: { authorization: `Bearer ${noc}` } });
    expect((await fourth.closed).code).toBe(closeCodes.TOO_MANY_CONNECTIONS);
    const stream = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: {
        accept: 'text/event-stream',
        authorization: `Bearer ${noc}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ query: watch }),
    });
    expect(await stream.json()).toMatchObject({
      errors: [{ extensions: { code: 'TOO_MANY_CONNECTIONS', allowed: 3 } }],
    });
    for (const { socket } of held) socket.close();
    await Promise.all(held.map(({ closed }) => closed));
    await eventually(async () => {
      const again = await new RawSocket(url).open();
      again.send({ type: 'connection_init', payload: { authorization: `Bearer ${noc}` } });
      await Promise.race([again.count(1), again.closed]);
      again.socket.close();
      expect(again.messages).toHaveLength(1);
    });
  });
});

describe('a session', () => {
  test('ends when its token does, and goes on when it is renewed by a ping', async () => {
    const short = () => world.token(staff('bravo', 'OWNER'), { lifetimeSeconds: 3 });
    const [ending, renewed] = await Promise.all([
      new RawSocket(url).initialise(await short()),
      new RawSocket(url).initialise(await short()),
    ]);
    const longer = await world.token(staff('bravo', 'OWNER'));
    renewed.send(subscribe('s', 'subscription { networkEvents { session { id } } }'));
    await renewed.count(2);
    renewed.send({ type: 'ping', payload: { authorization: `Bearer ${longer}` } });
    expect(await ending.closed).toEqual({
      code: closeCodes.UNAUTHORISED,
      reason: 'The credential has expired',
    });
    renewed.send(subscribe('q', '{ __typename }'));
    await renewed.count(5);
    expect(renewed.messages.map(({ type }) => type)).toEqual([
      'connection_ack',
      'ping',
      'pong',
      'next',
      'complete',
    ]);
    // What ran under the old credential goes on under the new one.
    world.tenants.bravo.events.append('c1');
    await renewed.count(6);
    expect(renewed.messages[5]).toMatchObject({ id: 's', type: 'next' });
    renewed.send({ type: 'ping', payload: { authorization: `Bearer ${token}` } });
    expect((await renewed.closed).code).toBe(closeCodes.FORBIDDEN);
  });

  test('ends when the rights of the principal change, or are gone', async () => {
    await world.person('usr_mover', { tenantId: 'ten_bravo', role: 'NOC' });
    await world.person('usr_mover', { tenantId: 'ten_bravo', role: 'BILLING' });
    const both = await world.token({ id: 'usr_mover', tenantId: 'ten_bravo', roles: ['NOC', 'BILLING'] });
    const connect = async () => {
      const socket = await new RawSocket(url).open();
      socket.send({ type: 'connection_init', payload: { authorization: `Bearer ${both}` } });
      await Promise.race([socket.count(1), socket.closed]);
      expect(socket.messages).toHaveLength(1);
      return socket;
    };
    const first = await eventually(async () => {
      expect((await world.query({ query: '{ whoAmI { roles } }' }, { token: both })).body.data).toEqual({
        whoAmI: { roles: expect.arrayContaining(['NOC', 'BILLING']) },
      });
      return connect();
    });
    const leave = (role: string) =>
      world.database.query(`delete from identity.membership where account_id = 'usr_mover' and role = $1`, [
        role,
      ]);
    await leave('BILLING');
    expect((await first.closed).code).toBe(closeCodes.AUTHORITY_CHANGED);
    const second = await connect();
    await leave('NOC');
    expect((await second.closed).code).toBe(closeCodes.UNAUTHORISED);
  });

  test('of server-sent events ends with a reason and the last cursor', async () => {
    const key = await world.apiKey({ tenantId: 'ten_bravo', scopes: ['network:read'] });
    const source = world.tenants.bravo.events;
    const cursor = source.append('c1');
    const next = source.append('c1');
    const session = `ses_${source.cursors.length}`;
    const response = await eventually(async () => {
      const answer = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: {
          accept: 'text/event-stream',
          authorization: `Bearer ${key.text}`,
          'content-type': 'application/json',
          'last-event-id': cursor,
        },
        body: JSON.stringify({ query: 'subscription { networkEvents { session { id } } }' }),
      });
      expect(answer.headers.get('content-type')).toContain('text/event-stream');
      return answer;
    });
    let text = '';
    let revoked = false;
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += Buffer.from(chunk).toString();
      if (revoked || !text.includes(session)) continue;
      revoked = true;
      await world.database.query('update identity.api_key set revoked_at = now() where id = $1', [key.id]);
    }
    const [first, second, third] = text.split('\n\n').filter((event) => event !== ':');
    expect(first).toBe(
      `id: ${next}\nevent: next\ndata: {"data":{"networkEvents":{"session":{"id":"${session}"}}}}`,
    );
    expect(JSON.parse(/^data: (.*)$/m.exec(second ?? '')?.[1] ?? '')).toMatchObject({
      errors: [{ extensions: { code: 'UNAUTHENTICATED', lastCursor: next } }],
    });
    expect(third).toBe('event: complete\ndata:');
  });

  test('of server-sent events ends when its token does, and when the rights change', async () => {
    await world.person('usr_streamer', { tenantId: 'ten_bravo', role: 'NOC' });
    await world.person('usr_streamer', { tenantId: 'ten_bravo', role: 'BILLING' });
    const roles = ['NOC', 'BILLING'] as const;
    const claims = { id: 'usr_streamer', tenantId: 'ten_bravo', roles };
    const open = async (bearer: string) => {
      const answer = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: {
          accept: 'text/event-stream',
          authorization: `Bearer ${bearer}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({ query: watch }),
      });
      expect(answer.headers.get('content-type')).toContain('text/event-stream');
      return answer.text();
    };
    const [short, long] = [await world.token(claims, { lifetimeSeconds: 3 }), await world.token(claims)];
    await eventually(async () => {
      expect((await world.query({ query: '{ whoAmI { roles } }' }, { token: long })).body.data).toEqual({
        whoAmI: { roles: expect.arrayContaining(['NOC', 'BILLING']) },
      });
    });
    const lasting = open(long);
    expect(await open(short)).toContain('CREDENTIAL_EXPIRED');
    await world.database.query(
      `delete from identity.membership where account_id = 'usr_streamer' and role = 'BILLING'`,
    );
    expect(await lasting).toContain('AUTHORITY_CHANGED');
  });

  test('of a gateway that stops is told to come back', async () => {
    const other = await world.another();
    const owner = await world.token(staff('bravo', 'OWNER'));
    const socket = await new RawSocket(other.url).initialise(owner);
    await other.stop();
    expect(await socket.closed).toEqual({ code: closeCodes.RELOAD, reason: 'The gateway restarts' });
  });
});
