import { type RunningSnmpAgent, startSnmpAgents, towerRouter } from '@dotmac/lab/snmp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { eventually, graphOf } from './graph.ts';
import { type Stack, startStack } from './stack.ts';

const portName = 'sfp-sfpplus1';
let stack: Stack;
let lab: Awaited<ReturnType<typeof startSnmpAgents>>;
let agent: RunningSnmpAgent;
let token: string;
let portId: string;
beforeAll(async () => {
  lab = await startSnmpAgents([towerRouter], { clock: { now: Date.now } });
  const [first] = lab.agents;
  if (first === undefined) throw new Error('The lab has no agent');
  agent = first;
  stack = await startStack({ demo: true });
  token = await stack.token('NOC');
  const { ask, mutate } = graphOf(stack.url, await stack.token('OWNER'));
  const { id } = await mutate(
    'registerDevice',
    { name: 'tower', snmp: { host: '127.0.0.1', port: agent.port, community: 'public' } },
    '... on Device { id }',
  );
  type Ports = readonly { readonly id: string; readonly name: string }[];
  const portsOf = (data: Record<string, unknown>) => (data.device as { interfaces: Ports }).interfaces;
  const { data } = await eventually(
    () => ask('query ($id: ID!) { device(id: $id) { interfaces { id name } } }', { id }),
    (answer) => portsOf(answer.data).length > 0,
  );
  portId = portsOf(data).find(({ name }) => name === portName)?.id ?? '';
});
afterAll(async () => {
  await stack?.[Symbol.asyncDispose]();
  await lab?.close();
});

interface Reading {
  readonly at: string;
  readonly operStatus: string | null;
}
const rates = `subscription ($id: ID!) { interfaceRates(interfaceId: $id) { id at operStatus inBitsPerSecond outBitsPerSecond interface { name } } }`;
/** An answer of about a megabyte. */
const large =
  '{ __schema { types { name description fields { name description args { name description type { name } } type { name ofType { name } } } inputFields { name description } } } }';

/** A screen that watches the port; it can stop reading from its socket. */
async function watcher() {
  const socket = new WebSocket(stack.url.replace('http', 'ws'), 'graphql-transport-ws');
  const readings: Reading[] = [];
  const errors: unknown[] = [];
  let asked = 0;
  const send = (message: object) => socket.send(JSON.stringify(message));
  const query = (text: string, variables: object = {}) => {
    asked += 1;
    send({ id: `${asked}`, type: 'subscribe', payload: { query: text, variables } });
  };
  socket.on('open', () => send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }));
  socket.on('close', (code, reason) => errors.push(`closed: ${code} ${reason}`));
  socket.on('message', (data: Buffer) => {
    const { type, id, payload } = JSON.parse(data.toString());
    if (type === 'connection_ack') query(rates, { id: portId });
    else if (type === 'error') errors.push(payload);
    else if (type === 'next' && id === '1') readings.push(payload.data.interfaceRates);
    else if (type === 'next' && payload.errors !== undefined) errors.push(payload.errors);
  });
  await eventually(
    async () => readings.length,
    (count) => count > 0,
  );
  return { socket, readings, errors, query };
}

/** Text that waits in the gateway for slow clients. */
async function waiting(): Promise<number> {
  const text = await (await fetch(new URL('/metrics', stack.url))).text();
  return Number(/^dotmac_gateway_waiting_chars(?:\{.*\})? (.+)$/m.exec(text)?.[1]);
}

test('a screen that reads slowly waits for one reading however many come, and then has the newest; another misses none', {
  timeout: 120_000,
}, async () => {
  const [slow, fast] = [await watcher(), await watcher()];
  /** Waits for so many more readings of the one who keeps up. */
  const further = async (count: number) => {
    const wanted = fast.readings.length + count;
    await eventually(
      async () => fast.readings.length,
      (length) => length >= wanted,
    );
  };
  slow.socket.pause();
  // Its answers to pings would wait behind what it does not read: a slow client is not a dead one.
  const alive = setInterval(() => slow.socket.pong(), 1_000);
  try {
    // Until the buffers at both ends of the connection are full, whatever this machine gives them.
    while ((await waiting()) === 0) {
      slow.query(large);
      await further(1);
      expect(slow.errors).toEqual([]);
    }
    const told = slow.readings.length;
    const one = await waiting();
    agent.setInterface(portName, 'down');
    const sizes: number[] = [];
    while (sizes.length < 5 || fast.readings.at(-1)?.operStatus !== 'down') {
      await further(1);
      sizes.push(await waiting());
    }
    // One reading waits, not five: rates differ by some digits.
    expect(Math.max(...sizes)).toBeLessThan(1.5 * one);
    const newest = fast.readings.at(-1);
    slow.socket.resume();
    await eventually(
      async () => slow.readings.at(-1)?.at ?? '',
      (at) => at >= (newest?.at ?? ''),
    );
    const missed = fast.readings.filter(
      ({ at }) => at > (slow.readings[told - 1]?.at ?? '') && !slow.readings.some((own) => own.at === at),
    );
    expect(missed.length).toBeGreaterThanOrEqual(3);
    expect(slow.readings.at(-1)?.operStatus).toBe('down');
    for (const { readings } of [slow, fast]) {
      const times = readings.map(({ at }) => at);
      expect(times).toEqual([...new Set(times)].sort());
    }
    expect([slow.errors, fast.errors]).toEqual([[], []]);
    expect(await waiting()).toBe(0);
  } finally {
    clearInterval(alive);
    agent.setInterface(portName, 'up');
    for (const { socket } of [slow, fast]) socket.terminate();
  }
});
