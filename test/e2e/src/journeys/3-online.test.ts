import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { subscribeWs, untilSeen } from '../client.ts';
import { newSubscriber, shared } from '../shared.ts';

const { tenant } = shared();
const alpha = tenant('alpha');
const radclient = spawnSync('radclient', ['-v']).error === undefined;

describe('a new customer', () => {
  test('logs in with the speed of his plan, and his session shows', async () => {
    const { serviceId, password } = await newSubscriber(alpha.owner, 'newcomer', 'Home 100');
    interface Started {
      readonly networkEvents: {
        readonly service: { readonly id: string } | null;
        readonly session: { readonly live: boolean };
      };
    }
    const stream = subscribeWs<Started>(
      alpha.owner.url,
      alpha.tokens.noc,
      'subscription { networkEvents(types: [SESSION_STARTED, SESSION_UPDATED]) { ... on SessionStarted { service { id } session { live } } ... on SessionUpdated { service { id } session { live } } } }',
    );
    const login = await alpha.lab.login('newcomer', password);
    expect(login).toMatchObject({ accepted: true, reason: 'ACCEPTED' });
    // RouterOS writes upload first.
    expect(login.attributes).toContainEqual({ name: 'Mikrotik-Rate-Limit', value: '20M/100M' });
    const { service } = await alpha.owner.data<{ service: { access: { address: string } } }>(
      'query ($id: ID!) { service(id: $id) { access { address } } }',
      {
        id: serviceId,
      },
    );
    expect(login.attributes).toContainEqual({ name: 'Framed-IP-Address', value: service.access.address });
    // Each further login ends the session before it: the one that is up is looked for.
    const isUp = ({ networkEvents: { service, session } }: Started) =>
      service?.id === serviceId && session.live;
    const shown = await untilSeen(stream, isUp, () => alpha.lab.login('newcomer', password));
    expect(shown.networkEvents.session.live).toBe(true);
    await stream.close();
  });

  test('with a wrong password is refused, and the NOC can ask why', async () => {
    await newSubscriber(alpha.owner, 'forgetful', 'Home 50');
    expect(await alpha.lab.login('forgetful', 'not his password')).toMatchObject({ accepted: false });
    const { explainLogin } = await alpha.noc.data<{
      explainLogin: { decision: string; reason: string; steps: { passed: boolean }[] };
    }>(
      'query { explainLogin(username: "forgetful", nasAddress: "127.0.0.1", password: "not his password") { decision reason steps { check passed fact } } }',
    );
    expect(explainLogin).toMatchObject({ decision: 'REJECT' });
    expect(explainLogin.steps.at(-1)?.passed).toBe(false);
  });

  test.skipIf(!radclient)('is accepted when radclient asks', async () => {
    const { password } = await newSubscriber(alpha.owner, 'foreign', 'Home 50');
    const { host, authPort, secret } = alpha.radius;
    const request = `User-Name = "foreign"\nUser-Password = "${password}"\nMessage-Authenticator = 0x00\nCalling-Station-Id = "02:00:00:00:00:99"\n`;
    const { stdout } = spawnSync('radclient', ['-x', `${host}:${authPort}`, 'auth', secret], {
      input: request,
      encoding: 'utf8',
    });
    expect(stdout).toContain('Access-Accept');
    expect(stdout).toMatch(/Rate-Limit = "10M\/50M"/);
  });
});
