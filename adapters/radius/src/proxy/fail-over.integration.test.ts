import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Certificate, TestAuthority } from '../interop/certificates.ts';
import { freeTcpPort, installed } from '../interop/free-radius.ts';
import { packetCodes } from '../packet/codes.ts';
import { sharedSecret } from '../packet/shared-secret.ts';
import { RadSecClient } from '../radsec/client.ts';
import { type RadiusServer, startRadiusServer } from '../server/server.ts';
import { HomeServerPool, radSecHomeServer } from './home-servers.ts';

/** A TCP relay before a home server: what befalls a connection on its way. */
class Wire {
  readonly port: number;
  readonly #target: number;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #server: Server | null = null;
  /** `BREAK` ends a connection with the next octets of the client, `SILENT` swallows everything. */
  mode: 'PASS' | 'BREAK' | 'SILENT' = 'PASS';

  constructor(port: number, target: number) {
    this.port = port;
    this.#target = target;
  }

  async open(): Promise<void> {
    const server = createServer((client) => {
      const home = connect(this.#target, '127.0.0.1');
      const pair = [client, home] as const;
      this.#pairs.add(pair);
      const end = () => {
        this.#pairs.delete(pair);
        client.destroy();
        home.destroy();
      };
      for (const socket of pair) socket.on('error', end).on('close', end);
      client.on('data', (octets) => {
        if (this.mode === 'BREAK') end();
        else if (this.mode === 'PASS') home.write(octets);
      });
      home.on('data', (octets) => {
        if (this.mode === 'PASS') client.write(octets);
      });
    });
    server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    this.#server = server;
  }

  /** Refuses connections from now on, and ends those there are. */
  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    for (const [client] of this.#pairs) client.destroy();
    if (server !== null) await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

describe.skipIf(!installed('openssl', 'version'))('home servers over TLS', () => {
  let authority: TestAuthority;
  let ours: Certificate;
  const homes: RadiusServer[] = [];
  let wires: Wire[];
  let clients: RadSecClient[];
  let pool: HomeServerPool;
  beforeAll(async () => {
    authority = await TestAuthority.create();
    ours = await authority.issue('proxy.example');
    for (const name of ['first', 'second']) {
      const theirs = await authority.issue(`${name}.example`);
      const nas = {
        id: 'proxy',
        secrets: [sharedSecret('of UDP')],
        requireMessageAuthenticator: 'YES',
        limitProxyState: false,
      } as const;
      const server = await startRadiusServer({
        host: '127.0.0.1',
        authPort: null,
        acctPort: null,
        rejectDelayMs: 0,
        policy: {
          findNas: () => null,
          findNasOfCertificate: () => nas,
          authenticate: () => ({ kind: 'ACCEPT', attributes: [{ name: 'Reply-Message', value: name }] }),
        },
        radSec: { port: 0 },
      });
      await server.radSec?.use({ key: theirs.key, cert: theirs.cert, ca: authority.authority.cert });
      homes.push(server);
    }
  });
  afterAll(async () => {
    await Promise.all(homes.map((home) => home.close()));
    await rm(authority.folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    wires = [];
    for (const home of homes) wires.push(new Wire(await freeTcpPort(), home.radSec?.port ?? 0));
    for (const wire of wires) await wire.open();
    clients = wires.map(
      ({ port }, index) =>
        new RadSecClient({
          host: '127.0.0.1',
          port,
          serverName: index === 0 ? 'first.example' : 'second.example',
          key: ours.key,
          cert: ours.cert,
          ca: authority.authority.cert,
          timeoutMs: 3_000,
        }),
    );
    pool = new HomeServerPool(
      clients.map((client, index) => radSecHomeServer(`home ${index}`, client)),
      { probeEveryMs: 50 },
    );
  });
  afterEach(async () => {
    pool.close();
    await Promise.all(clients.map((client) => client.close()));
    await Promise.all(wires.map((wire) => wire.cut()));
  });

  /** Who answers a login; null: nobody. */
  async function answeredBy(): Promise<unknown> {
    const exchange = await pool.exchange({
      code: packetCodes['Access-Request'],
      replyCodes: [packetCodes['Access-Accept']],
      attributes: [{ name: 'User-Name', value: 'ada@partner.example' }],
      messageAuthenticator: true,
    });
    return exchange?.reply?.attributes.find(({ name }) => name === 'Reply-Message')?.value ?? null;
  }
  const wire = (index: 0 | 1) => wires[index] as Wire;
  const states = () => pool.standing.map(({ state }) => state);
  /** It answers Status-Servers again, and so logins. */
  async function firstIsBack(): Promise<void> {
    await vi.waitFor(() => expect(states()[0]).toBe('ALIVE'), { timeout: 20_000 });
    expect(await answeredBy()).toBe('first');
  }

  test('one whose port is closed is passed over, and is back when it listens again', async () => {
    await wire(0).cut();
    expect(await answeredBy()).toBe('second');
    expect(states()).toEqual(['DEAD', 'ALIVE']);
    expect(await answeredBy()).toBe('second');
    await wire(0).open();
    await firstIsBack();
  });

  test('one whose connection breaks in the middle of a request costs no login, and neither do the others on it', async () => {
    expect(await answeredBy()).toBe('first');
    wire(0).mode = 'BREAK';
    expect(await Promise.all(Array.from({ length: 20 }, answeredBy))).toEqual(Array(20).fill('second'));
    expect(states()).toEqual(['DEAD', 'ALIVE']);
    wire(0).mode = 'PASS';
    await firstIsBack();
  });

  test('one that goes silent on a standing connection is followed by the next; its connection is given up and opened anew', async () => {
    expect(await answeredBy()).toBe('first');
    const before = homes[0]?.radSec?.connections.at(-1);
    wire(0).mode = 'SILENT';
    expect(await Promise.all(Array.from({ length: 20 }, answeredBy))).toEqual(Array(20).fill('second'));
    // Nobody waits for it any more, as long as it answers no Status-Server.
    expect(await answeredBy()).toBe('second');
    expect(states()).toEqual(['DEAD', 'ALIVE']);
    wire(0).mode = 'PASS';
    await firstIsBack();
    expect(homes[0]?.radSec?.connections.at(-1)).not.toBe(before);
  });

  test('when both are gone nobody answers, and whichever comes back first does', async () => {
    await wire(0).cut();
    wire(1).mode = 'SILENT';
    expect(await answeredBy()).toBeNull();
    expect(states()).toEqual(['DEAD', 'DEAD']);
    wire(1).mode = 'PASS';
    await vi.waitFor(() => expect(states()[1]).toBe('ALIVE'), { timeout: 20_000 });
    expect(await answeredBy()).toBe('second');
    await wire(0).open();
    await firstIsBack();
  });
});
