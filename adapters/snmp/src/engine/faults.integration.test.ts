import { createSocket, type Socket } from 'node:dgram';
import { systemClock } from '@dotmac/device';
import { accessSwitch, startSnmpAgents } from '@dotmac/lab/snmp';
import { afterEach, expect, test, vi } from 'vitest';
import { SnmpEngine, type SnmpEngineOptions } from './engine.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const close of closing.splice(0).reverse()) await close();
});

const community = { version: '2c', community: 'public' } as const;
const PORTS = [2, 5, 6, 7, 8, 10, 16].map((column) => `1.3.6.1.2.1.2.2.1.${column}`);
const SYS_NAME = '1.3.6.1.2.1.1.5.0';

async function socketAt(address = '127.0.0.1'): Promise<Socket> {
  const socket = createSocket('udp4');
  await new Promise<void>((done) => socket.bind(0, address, done));
  closing.push(() => new Promise<void>((done) => socket.close(() => done())));
  return socket;
}

/** What the way to the agent does with a reply; `back` gives a datagram to whoever asked. */
type Way = (reply: Buffer, back: (datagram: Buffer, from?: Socket) => void) => void;

/** A real agent behind a way that misbehaves, and an engine that asks through it. */
async function behind(way: Way, options: Partial<SnmpEngineOptions> = {}) {
  const lab = await startSnmpAgents([accessSwitch], { clock: { now: () => 0 } });
  closing.push(() => lab.close());
  const [agent] = lab.agents;
  if (agent === undefined) throw new Error('The lab has no agent');
  const front = await socketAt();
  let requests = 0;
  front.on('message', (request, asker) => {
    requests++;
    const leg = createSocket('udp4');
    leg.once('message', (reply) => {
      leg.close();
      way(reply, (datagram, from = front) => from.send(datagram, asker.port, asker.address));
    });
    leg.send(request, agent.port, agent.host);
  });
  const engine = new SnmpEngine({ clock: systemClock, ...options });
  closing.push(() => engine.close());
  const session = engine.session({ host: '127.0.0.1', port: front.address().port }, community);
  return { engine, session, requests: () => requests };
}

const whole = (rows: ReadonlyMap<string, readonly unknown[]>) =>
  rows.size === 24 && [...rows.values()].every((row) => row.every((cell) => cell !== undefined));

test('half of all replies lost: the table is read whole, by sending again', async () => {
  let count = 0;
  const { engine, session } = await behind(
    (reply, back) => {
      if (count++ % 2 === 1) back(reply);
    },
    { tries: 4 },
  );
  const { rows, complete } = await session.table(PORTS);
  expect(complete).toBe(true);
  expect(whole(rows)).toBe(true);
  expect(engine.counters.retransmitted).toBeGreaterThan(0);
});

test('an answer that came while this process was held up counts, though its timer is due: nothing is sent again', async () => {
  const { engine, session } = await behind((reply, back) => {
    back(reply);
    setImmediate(() => {
      const until = performance.now() + 1_200;
      while (performance.now() < until);
    });
  });
  const values = await session.get([SYS_NAME]);
  expect(values).toHaveLength(1);
  expect(engine.counters).toMatchObject({ sent: 1, retransmitted: 0, timeouts: 0 });
});

test('two seconds of latency: sent again once or twice at first, then the timeout fits and nothing is', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
  const { engine, session } = await behind(
    (reply, back) => {
      setTimeout(() => back(reply), 2_000);
    },
    { clock: { now: () => Date.now() } },
  );
  let result: Awaited<ReturnType<typeof session.table>> | undefined;
  const read = async () => {
    result = undefined;
    const reading = session.table(PORTS).then((table) => {
      result = table;
    });
    while (result === undefined) {
      await vi.advanceTimersByTimeAsync(100);
      // Datagrams travel in real time.
      for (let turn = 0; turn < 20; turn++) await new Promise((done) => setImmediate(done));
    }
    await reading;
    return result as Awaited<ReturnType<typeof session.table>>;
  };
  const first = await read();
  expect(first.complete).toBe(true);
  expect(whole(first.rows)).toBe(true);
  const before = engine.counters.retransmitted;
  expect(before).toBeLessThanOrEqual(4);
  expect(session.tuning.timeout).toBeGreaterThan(2_000);
  expect((await read()).complete).toBe(true);
  expect(engine.counters.retransmitted).toBe(before);
});

test('every reply three times: each counts once, the others are counted as unexpected', async () => {
  const { engine, session } = await behind((reply, back) => {
    for (let copy = 0; copy < 3; copy++) back(reply);
  });
  const { rows, packets } = await session.table(PORTS);
  await session.get([SYS_NAME]);
  expect(whole(rows)).toBe(true);
  expect(engine.counters.unexpected).toBeGreaterThanOrEqual(2 * (packets - 1));
});

test('a late reply of the request before is not taken for the next', async () => {
  let held: Buffer | null = null;
  const { session, engine } = await behind((reply, back) => {
    if (held !== null) back(held);
    held = Buffer.from(reply);
    back(reply);
  });
  const names = await session.get([SYS_NAME]);
  const [descr] = await session.get(['1.3.6.1.2.1.1.1.0']);
  expect(descr).not.toEqual(names[0]);
  expect(descr?.type).toBe('octets');
  expect(engine.counters.unexpected).toBe(1);
});

test('replies from another address or another port are not taken', async () => {
  const port = await socketAt();
  const address = await socketAt('127.0.0.2');
  const { engine, session } = await behind(
    (reply, back) => {
      back(reply, port);
      back(reply, address);
    },
    { tries: 1 },
  );
  await expect(session.get([SYS_NAME])).rejects.toMatchObject({ code: 'timeout' });
  expect(engine.counters.unexpected).toBe(2);
});

test('truncated replies fail as malformed at once, and one good reply heals it', async () => {
  let cut = true;
  const { engine, session } = await behind((reply, back) => back(cut ? reply.subarray(0, -7) : reply), {
    tries: 3,
  });
  await expect(session.get([SYS_NAME])).rejects.toMatchObject({ code: 'malformed' });
  expect(engine.counters.malformed).toBe(3);
  expect(engine.counters.timeouts).toBe(0);
  cut = false;
  expect((await session.get([SYS_NAME]))[0]?.type).toBe('octets');
});

test('a reply padded to the largest datagram there is costs nothing but its bytes', async () => {
  const { session } = await behind((reply, back) => back(Buffer.concat([reply, Buffer.alloc(60_000)])));
  const outcome = await session.get([SYS_NAME]).then(
    ([value]) => value?.type,
    (error: { code: string }) => error.code,
  );
  // Octets behind the message are either ignored or refused; never read as values.
  expect(['octets', 'malformed']).toContain(outcome);
});

test('values of the wrong type are values of that type, and no number is made of them', async () => {
  // ifSpeed.* (Gauge32, 0x42) come back as OCTET STRING.
  const { session } = await behind((reply, back) => {
    const changed = Buffer.from(reply);
    for (let i = 0; i < changed.length - 1; i++)
      if (changed[i] === 0x42 && changed[i + 1] === 4) changed[i] = 0x04;
    back(changed);
  });
  const { rows } = await session.table(PORTS);
  expect(rows.size).toBe(24);
  const speeds = [...rows.values()].map((row) => row[1]?.type);
  expect(new Set(speeds)).toEqual(new Set(['octets']));
});

test('tooBig with nothing to every question: the walk ends and says why', async () => {
  const { session, requests } = await behind((reply, back) => {
    // The version, community and request id of the reply, error-status tooBig and an empty list.
    const id = reply.indexOf(0xa2);
    const idLength = reply[
      reply[id + 1] === 0x82 ? id + 5 : reply[id + 1] === 0x81 ? id + 4 : id + 3
    ] as number;
    const at = reply[id + 1] === 0x82 ? id + 4 : reply[id + 1] === 0x81 ? id + 3 : id + 2;
    const requestId = reply.subarray(at, at + 2 + idLength);
    const pdu = Buffer.concat([requestId, Buffer.from('0201010201003000', 'hex')]);
    const head = Buffer.concat([Buffer.from('0201010406', 'hex'), Buffer.from('public')]);
    const body = Buffer.concat([head, Buffer.of(0xa2, pdu.length), pdu]);
    back(Buffer.concat([Buffer.of(0x30, body.length), body]));
  });
  const { rows, complete, warnings } = await session.table(PORTS);
  expect(complete).toBe(false);
  expect(rows.size).toBe(0);
  expect(warnings.join()).toMatch(/tooBig even for one object/);
  expect(requests()).toBeLessThan(20);
});

test('a wall clock that leaps a day ahead or back cuts no table short, and spoils no timeout', async () => {
  let leap = 0;
  const { session } = await behind(
    (reply, back) => {
      leap += leap <= 0 ? 86_400_000 : -2 * 86_400_000;
      back(reply);
    },
    { clock: { now: () => Date.now() + leap } },
  );
  const { rows, complete } = await session.table(PORTS);
  expect(complete).toBe(true);
  expect(whole(rows)).toBe(true);
  expect(session.tuning.timeout).toBeLessThanOrEqual(1_000);
  expect(session.tuning.smoothedRtt ?? 0).toBeLessThan(1_000);
});
