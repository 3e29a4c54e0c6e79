import { attributeText, type DecodedAttribute, standardDictionary } from '@dotmac/radius';
import Fastify, { type FastifyInstance } from 'fastify';
import type { LabNetwork } from './network.ts';
import { quirks } from './snmp/index.ts';

/** A request that the lab cannot fulfil; the message says what there is. */
export class LabError extends Error {
  override readonly name = 'LabError';
}

/**
 * What a person does in the field, as HTTP on loopback: `dotmac lab` is its client. One lab process holds the
 * networks of several tenants.
 */
export function createLabControl(networks: ReadonlyMap<string, LabNetwork>): FastifyInstance {
  const app = Fastify();
  const networkOf = (tenant: string): LabNetwork => {
    const network = networks.get(tenant);
    if (network === undefined)
      throw new LabError(
        `There is no simulated network for "${tenant}"; there are: ${[...networks.keys()].join(', ')}`,
      );
    return network;
  };
  app.setErrorHandler((error: Error, _request, reply) =>
    reply
      .status(error instanceof LabError || error instanceof RangeError ? 400 : 500)
      .send({ error: error.message }),
  );
  app.get('/networks', () => Object.fromEntries([...networks].map(([tenant, { ports }]) => [tenant, ports])));

  app.post<{
    Params: { tenant: string };
    Body: { username: string; password: string; mac?: string; method?: 'pap' | 'chap' };
  }>('/:tenant/login', async ({ params, body }) => {
    const { nas } = networkOf(params.tenant);
    const { username, password, mac = macOf(username), method = 'pap' } = body;
    const { accepted, reason, replyMessage, attributes, session } = await nas.login(username, password, {
      mac,
      method,
    });
    return {
      accepted,
      reason,
      replyMessage,
      attributes: attributes.map(({ name, oid, value }) => ({ name, value: told(value, oid) })),
      session:
        session === null
          ? null
          : { id: session.id, address: session.address, addressList: session.addressList },
    };
  });
  app.get<{ Params: { tenant: string } }>('/:tenant/sessions', ({ params }) =>
    [...networkOf(params.tenant).nas.sessions.values()].map(
      ({ id, username, address, addressList, shaping }) => ({
        id,
        username,
        address,
        addressList,
        downstreamBitsPerSecond: shaping?.downstream.bitsPerSecond.toString() ?? null,
      }),
    ),
  );
  app.post<{ Params: { tenant: string; username: string } }>(
    '/:tenant/logout/:username',
    async ({ params }) => {
      const { nas } = networkOf(params.tenant);
      const session = [...nas.sessions.values()].find(({ username }) => username === params.username);
      if (session === undefined) throw new LabError(`"${params.username}" is not online`);
      return { answered: await nas.logout(session.id) };
    },
  );
  app.post<{ Params: { tenant: string } }>('/:tenant/interim', async ({ params }) => ({
    answered: await networkOf(params.tenant).nas.interim(),
  }));
  app.post<{ Params: { tenant: string; state: 'on' | 'off' } }>(
    '/:tenant/power/:state',
    async ({ params }) => {
      await networkOf(params.tenant).setPower(params.state === 'on');
      return { power: params.state };
    },
  );
  app.post<{ Params: { tenant: string; device: string; name: string; state: 'up' | 'down' } }>(
    '/:tenant/interface/:device/:name/:state',
    ({ params }) => {
      networkOf(params.tenant).agentOf(params.device).setInterface(params.name, params.state);
      return { device: params.device, interface: params.name, state: params.state };
    },
  );
  app.post<{ Params: { tenant: string; device: string; state: 'on' | 'off' } }>(
    '/:tenant/mute/:device/:state',
    async ({ params }) => {
      networkOf(params.tenant).setMuted(params.device, params.state === 'on');
      return { device: params.device, muted: params.state };
    },
  );
  app.post<{ Params: { tenant: string; device: string; quirk: string; state: 'on' | 'off' } }>(
    '/:tenant/quirk/:device/:quirk/:state',
    async ({ params: { tenant, device, quirk, state } }) => {
      const known = quirks.find((one) => one === quirk);
      if (known === undefined)
        throw new LabError(`There is no quirk "${quirk}"; there are: ${quirks.join(', ')}`);
      networkOf(tenant)
        .agentOf(device)
        .setQuirk(known, state === 'on');
      return { device, quirk, state };
    },
  );
  app.post<{ Params: { tenant: string; kind: 'obey' | 'lie' | 'ignore' } }>(
    '/:tenant/coa/:kind',
    ({ params }) => {
      networkOf(params.tenant).nas.setCoaBehaviour({ kind: params.kind });
      return { coa: params.kind };
    },
  );
  return app;
}

/** A locally administered address that is the same for the same subscriber. */
function macOf(username: string): string {
  const sum = [...username].reduce(
    (hash, character) => (Math.imul(hash, 31) + character.charCodeAt(0)) >>> 0,
    7,
  );
  const octets = [sum >>> 24, sum >>> 16, sum >>> 8, sum].map((part) =>
    (part & 0xff).toString(16).padStart(2, '0'),
  );
  return ['02', '00', ...octets].join(':');
}

function told(value: DecodedAttribute['value'], oid: string): string {
  if (typeof value === 'object' && !(value instanceof Uint8Array))
    return value.map((inner) => `${inner.name} = ${told(inner.value, inner.oid)}`).join(', ');
  return attributeText(value, oid, standardDictionary());
}
