import { systemClock } from '@dotmac/device';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CoaClient } from '../coa/client.ts';
import { createRadiusDriver } from '../coa/driver.ts';
import { vendorProfiles } from '../coa/profiles.ts';
import { extendDictionary } from '../dictionary/extend.ts';
import { LiveDictionary } from '../dictionary/live.ts';
import { standardDictionary } from '../dictionary/standard.ts';
import { sharedSecret } from '../packet/shared-secret.ts';
import { type FreeRadius, freeUdpPort, installed, startFreeRadius } from './free-radius.ts';

const configuration = (port: number) => `
modules {
  always reject {
    rcode = reject
  }
  always ok {
    rcode = ok
  }
}
server coa {
  listen {
    type = coa
    ipaddr = 127.0.0.1
    port = ${port}
    virtual_server = coa
  }
  recv-coa {
    if (&User-Name == "gone") {
      update reply {
        Error-Cause := Session-Context-Not-Found
      }
      reject
    }
    if (&Lab-Package) {
      update reply {
        Lab-Queue := 7
      }
    }
    ok
  }
  send-coa {
    ok
  }
}
`;

const lab = `VENDOR Lab 60009
BEGIN-VENDOR Lab
ATTRIBUTE Lab-Package 16 string
ATTRIBUTE Lab-Queue 17 integer
END-VENDOR Lab
`;

describe.skipIf(!installed('freeradius'))('FreeRADIUS as the NAS that takes CoA', () => {
  let freeRadius: FreeRadius;
  let port: number;
  const client = new CoaClient({ waitsMs: [20_000] });
  /** For what is never answered. */
  const hasty = new CoaClient({ waitsMs: [200, 200], jitter: 0 });
  beforeAll(async () => {
    port = await freeUdpPort();
    freeRadius = await startFreeRadius(configuration(port), { dictionary: lab });
  });
  afterAll(async () => {
    await client.close();
    await hasty.close();
    await freeRadius.stop();
  });
  const send = (
    kind: 'CoA' | 'Disconnect',
    userName: string,
    secret = 'testing123',
    messageAuthenticator = true,
    by = client,
  ) =>
    by.send({
      host: '127.0.0.1',
      port,
      secret: sharedSecret(secret),
      kind,
      messageAuthenticator,
      attributes: [
        { name: 'User-Name', value: userName },
        { name: 'Mikrotik-Rate-Limit', value: '1M/2M' },
      ],
    });

  test.each(['CoA', 'Disconnect'] as const)(
    '%s: acknowledged, with and without Message-Authenticator',
    async (kind) => {
      expect(await send(kind, 'alice')).toMatchObject({ outcome: 'ACK', transmissions: 1 });
      expect(await send(kind, 'alice', 'testing123', false)).toMatchObject({ outcome: 'ACK' });
      // It writes its log beside its answers.
      await expect.poll(freeRadius.log).toContain('Mikrotik-Rate-Limit = "1M/2M"');
      expect(freeRadius.log()).not.toContain('invalid Message-Authenticator');
    },
  );

  test('a session that is gone is a NAK with Error-Cause 503', async () => {
    expect(await send('Disconnect', 'gone')).toMatchObject({
      outcome: 'NAK',
      errorCause: { code: 503, meaning: 'SESSION_GONE' },
    });
  });

  test('a wrong secret is met with silence', async () => {
    expect(await send('CoA', 'alice', 'wrong', true, hasty)).toMatchObject({
      outcome: 'TIMEOUT',
      transmissions: 2,
    });
  });

  test('attributes of a dictionary that an operator adds meanwhile are sent, and known in the answer', async () => {
    const dictionary = new LiveDictionary(standardDictionary());
    const { generic } = vendorProfiles;
    const coa = [{ attributes: [{ attribute: 'Lab-Package', value: 'gold' }] }];
    const vendor = { ...generic, open: { ...generic.open, coa } };
    const target = { id: 'nas', host: '127.0.0.1', port };
    const answers: (readonly [string, unknown])[] = [];
    const session = createRadiusDriver(client).open(target, {
      secret: 'testing123',
      vendor,
      dictionary,
      onAttempt: ({ result }) =>
        answers.push(...result.attributes.map(({ name, value }) => [name, value] as const)),
    });
    const context = {
      signal: AbortSignal.timeout(60_000),
      clock: systemClock,
      priority: 'provision',
      operationId: 'one',
    } as const;
    const speed = { bitsPerSecond: 1_000_000n };
    const plan = await session.plan(
      {
        kind: 'access',
        username: 'alice',
        address: '100.64.0.9',
        sessionId: '81',
        mac: null,
        marker: 'svc_1',
        shaping: { downstream: speed, upstream: speed },
        mode: 'open',
      },
      context,
    );
    await expect(session.apply(plan, context)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      field: 'Lab-Package',
    });
    dictionary.use(extendDictionary(dictionary, [{ file: 'dictionary.lab', text: lab }]).dictionary);
    expect(await session.apply(plan, context)).toMatchObject({ outcome: 'applied' });
    expect(freeRadius.log()).toContain('Lab-Package = "gold"');
    expect(answers).toContainEqual(['Lab-Queue', 7]);
  });
});
