import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Peer } from './reception.ts';
import { systemCalls } from './system-calls.ts';
import { listenOneByOne, listenUdp } from './udp.ts';
import { listenBatched } from './udp-batched.ts';

const options = { receiveBufferBytes: 1024 * 1024, reusePort: false };
const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some((one) => one.address === '::1'));
const never = (error: Error) => expect.fail(error.message);

async function listen(
  how: typeof listenUdp,
  host: string,
  onDatagram: (datagram: Buffer, peer: Peer) => void,
): Promise<number> {
  const listener = await how(host, 0, options, onDatagram, never);
  onTestFinished(() => listener.close());
  return listener.port;
}

/** Sends the datagrams at once; the answers in the order they come. */
async function exchange(to: string, port: number, datagrams: readonly Buffer[]): Promise<Buffer[]> {
  const socket = createSocket(to.includes(':') ? 'udp6' : 'udp4');
  onTestFinished(() => void socket.close());
  const answers: Buffer[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on('message', (answer) => {
    answers.push(answer);
    if (answers.length === datagrams.length) resolve();
  });
  for (const datagram of datagrams) socket.send(datagram, port, to);
  await promise;
  return answers;
}

const numbered = (client: number, count: number) =>
  Array.from({ length: count }, (_, n) =>
    Buffer.from(`client ${client}, datagram ${n} ${'.'.repeat(n % 20)}`),
  );
const texts = (buffers: readonly Buffer[]) => buffers.map(String).sort();

describe.each([
  ['in batches where the system can', listenUdp],
  ['one by one', listenOneByOne],
])('%s', (_, how) => {
  test.each(hasIpv6 ? ['127.0.0.1', '::', '::1'] : ['127.0.0.1'])(
    'every datagram of several peers is answered to its sender: %s',
    async (host) => {
      const seen = new Set<string>();
      const port = await listen(how, host, (datagram, peer) => {
        seen.add(peer.address);
        peer.send(Buffer.concat([datagram, Buffer.from(`for ${peer.port}`)]));
      });
      const addresses = host === '::' ? ['127.0.0.1', '::1', '127.0.0.1'] : [host, host, host];
      const sent = addresses.map((_address, client) => numbered(client, 60));
      const received = await Promise.all(
        addresses.map((address, client) => exchange(address, port, sent[client] as Buffer[])),
      );
      for (const [client, answers] of received.entries()) {
        const senders = new Set(answers.map((answer) => /for \d+$/.exec(String(answer))?.[0]));
        expect(senders.size).toBe(1);
        expect(texts(answers).map((answer) => answer.replace(/for \d+$/, ''))).toEqual(
          texts(sent[client] as Buffer[]),
        );
      }
      expect([...seen].sort()).toEqual([...new Set(addresses)].sort());
    },
  );

  test('answers that come later than their turn reach their peers, more than one call takes', async () => {
    const waiting: (() => void)[] = [];
    const port = await listen(how, '127.0.0.1', (datagram, peer) => {
      const copy = Buffer.from(datagram);
      waiting.push(() => peer.send(copy));
      if (waiting.length === 150)
        setImmediate(() => {
          for (const answer of waiting) answer();
        });
    });
    const sent = numbered(0, 150);
    expect(texts(await exchange('127.0.0.1', port, sent))).toEqual(texts(sent));
  });

  test('the longest packet comes and goes whole', async () => {
    const port = await listen(how, '127.0.0.1', (datagram, peer) => peer.send(datagram));
    const sent = Array.from({ length: 5 }, (_, n) => Buffer.alloc(4096, n));
    expect(texts(await exchange('127.0.0.1', port, sent))).toEqual(texts(sent));
  });

  test('a port that is taken is an error with its code', async () => {
    const port = await listen(how, '127.0.0.1', () => {});
    await expect(how('127.0.0.1', port, options, () => {}, never)).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });

  test('nothing is sent after the end', async () => {
    const peers: Peer[] = [];
    const listener = await how('127.0.0.1', 0, options, (_, peer) => peers.push(peer), never);
    const client = createSocket('udp4');
    onTestFinished(() => void client.close());
    client.bind(0, '127.0.0.1');
    await once(client, 'listening');
    client.on('message', () => expect.fail('an answer after the end'));
    client.send('x', listener.port, '127.0.0.1');
    while (peers.length === 0) await pause(1);
    await listener.close();
    peers[0]?.send(Buffer.from('late'));
    await listener.close();
  });
});

test.skipIf(systemCalls() === null)('a host that is a name is left to Node', async () => {
  expect(await listenBatched('localhost', 0, options, () => {}, never)).toBeNull();
});

test.skipIf(systemCalls() === null)(
  'one turn is bounded: timers run while datagrams keep coming',
  async () => {
    let handled = 0;
    const port = await listen(listenUdp, '127.0.0.1', (datagram, peer) => {
      handled++;
      peer.send(datagram);
    });
    const client = createSocket('udp4');
    onTestFinished(() => void client.close());
    // Every answer is a new datagram: the socket never runs dry.
    client.on('message', (answer) => client.send(answer, port, '127.0.0.1'));
    for (let n = 0; n < 50; n++) client.send(String(n), port, '127.0.0.1');
    while (handled === 0) await pause(1);
    const before = handled;
    while (handled === before) await pause(1);
  },
);
