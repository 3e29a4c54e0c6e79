import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventStreamScreen, webSocketScreen } from './screens.ts';
import { type Stack, startStack } from './stack.ts';
import { startWriters, type Told } from './writers.ts';

/** `DOTMAC_KILLS=1000` for a long run. */
const kills = Number(process.env.DOTMAC_KILLS ?? 24);
const query =
  'subscription ($after: Cursor) { networkEvents(after: $after) { cursor subject ... on DeviceStateChanged { evidence } } }';

interface Payload {
  readonly networkEvents: { readonly cursor: string; readonly subject: string; readonly evidence: string };
}

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack[Symbol.asyncDispose]());

const pause = (longest: number) => new Promise((done) => setTimeout(done, Math.random() * longest));

test(
  `${kills} kills of gateway, tenant runtime and client: what is delivered is what was committed, in order`,
  async () => {
    const token = await stack.token('NOC');
    const watched = [webSocketScreen, webSocketScreen, eventStreamScreen].map((screen) => {
      const told: Told[] = [];
      const take = (data: object) => {
        const { cursor, subject, evidence } = (data as Payload).networkEvents;
        told.push({ subject, number: Number(evidence) });
        return cursor;
      };
      return { told, screen: screen({ url: stack.url, token, query, take }) };
    });
    const tally = { gateway: 0, tenant: 0, client: 0 };
    const killed = () => tally.gateway + tally.tenant + tally.client;
    const keepKilling = async (name: 'gateway' | 'tenant') => {
      while (killed() < kills) {
        await pause(500);
        await stack[name].kill();
        tally[name] += 1;
        await pause(100);
        await stack[name].start();
      }
    };
    const keepBreaking = async () => {
      while (killed() < kills) {
        await pause(100);
        // Processes take longer to come back: the clients do not run ahead of them.
        if (tally.client > 3 * (tally.gateway + tally.tenant)) continue;
        watched[Math.floor(Math.random() * watched.length)]?.screen.kill();
        tally.client += 1;
      }
    };
    let endOfWriting: (() => Promise<Told[]>) | undefined;
    try {
      await Promise.all(watched.map(({ screen }) => screen.started));
      endOfWriting = await startWriters(stack.database, { count: 3, pauseMilliseconds: 60 });
      // All at once: one may die while another comes back.
      await Promise.all([keepKilling('gateway'), keepKilling('tenant'), keepBreaking()]);
      const committed = await endOfWriting();
      expect(committed.length).toBeGreaterThan(kills);
      await expect
        .poll(() => Math.min(...watched.map(({ told }) => told.length)), { timeout: 60_000 })
        .toBeGreaterThanOrEqual(committed.length);
      for (const { told } of watched) {
        expect(told).toEqual(committed);
        expect(inOrder(told)).toBe(true);
      }
      console.log(`${JSON.stringify(tally)} killed, ${committed.length} events committed and delivered`);
    } finally {
      await endOfWriting?.();
      for (const { screen } of watched) screen.stop();
    }
  },
  120_000 + kills * 10_000,
);

/** Whether every subject counts up without a gap; a number that was rolled back is given again. */
function inOrder(told: readonly Told[]): boolean {
  const last = new Map<string, number>();
  return told.every(({ subject, number }) => {
    const follows = number === (last.get(subject) ?? 0) + 1;
    last.set(subject, number);
    return follows;
  });
}
