import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CoaClient } from '../coa/client.ts';
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
    ok
  }
  send-coa {
    ok
  }
}
`;

describe.skipIf(!installed('freeradius'))('FreeRADIUS as the NAS that takes CoA', () => {
  let freeRadius: FreeRadius;
  let port: number;
  const client = new CoaClient({ waitsMs: [20_000] });
  /** For what is never answered. */
  const hasty = new CoaClient({ waitsMs: [200, 200], jitter: 0 });
  beforeAll(async () => {
    port = await freeUdpPort();
    freeRadius = await startFreeRadius(configuration(port));
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
});
