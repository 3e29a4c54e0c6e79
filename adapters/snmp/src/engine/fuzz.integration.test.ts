import { createSocket, type Socket } from 'node:dgram';
import { systemClock } from '@dotmac/device';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { decodeMessage, encodeCommunityMessage } from '../codec/message.ts';
import { SnmpError } from '../error.ts';
import { SnmpEngine } from './engine.ts';

const AGENTS = 30;
const REPLIES = 1_500;
const sockets: Socket[] = [];
const engine = new SnmpEngine({ clock: systemClock, tries: 2 });
afterAll(async () => {
  await engine.close();
  await Promise.all(sockets.map((socket) => new Promise<void>((done) => socket.close(() => done()))));
});

const SYS_NAME = '1.3.6.1.2.1.1.5.0';

/** An agent that answers as told: with a good reply, or with one that `spoil` has changed. */
async function agent(spoil: (reply: Buffer) => Buffer): Promise<{ host: string; port: number }> {
  const socket = createSocket('udp4');
  sockets.push(socket);
  socket.on('message', (request, from) => {
    const message = decodeMessage(request);
    if (message.kind !== 'community') return;
    const varbinds = message.pdu.varbinds.map(({ oid }) => ({
      oid,
      value: { type: 'octets', value: Buffer.from('lab') } as const,
    }));
    const pdu = { ...message.pdu, type: 'response', varbinds } as const;
    socket.send(spoil(encodeCommunityMessage('2c', message.community, pdu)), from.port, from.address);
  });
  await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
  return { host: '127.0.0.1', port: socket.address().port };
}

test('1,500 mutated replies: every request ends, nothing is thrown elsewhere, good agents go on', async () => {
  const mutations = fc.sample(
    fc.record({
      changes: fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { minLength: 1, maxLength: 5 }),
      cut: fc.option(fc.nat(60), { freq: 4 }),
    }),
    { numRuns: REPLIES, seed: 3_411 },
  );
  const spoil = (reply: Buffer) => {
    const next = mutations.pop();
    for (const [position, octet] of next?.changes ?? []) if (position < reply.length) reply[position] = octet;
    return next?.cut == null ? reply : reply.subarray(0, next.cut);
  };
  const targets = await Promise.all(Array.from({ length: AGENTS }, () => agent(spoil)));
  const good = engine.session(await agent((reply) => reply), { version: '2c', community: 'public' });
  const outcomes: string[] = [];
  await Promise.all(
    targets.map(async (target) => {
      const session = engine.session(target, { version: '2c', community: 'public' });
      while (mutations.length > 0) {
        try {
          const [value] = await session.get([SYS_NAME], { signal: AbortSignal.timeout(30) });
          outcomes.push(value?.type ?? 'none');
        } catch (error) {
          if (!(error instanceof SnmpError)) throw error;
          outcomes.push(error.code);
        }
        const [name] = await good.get([SYS_NAME]);
        expect(name?.type).toBe('octets');
      }
    }),
  );
  expect(outcomes.length).toBeGreaterThan(REPLIES / 3);
  expect(new Set(outcomes)).toContain('malformed');
  expect(engine.counters.malformed).toBeGreaterThan(100);
});
