import * as radius from '@dotmac/radius';
import { afterEach, expect, test, vi } from 'vitest';
import { mostEntries } from './rules.ts';
import { PacketTraces } from './traces.ts';

afterEach(() => {
  vi.useRealTimers();
});

const nas = { id: 'nas_1', address: '192.0.2.1', certificate: null };
const whom = { serviceId: 'svc_1', reason: 'test', startedBy: 'usr_1' };

function traces() {
  return new PacketTraces(
    { now: () => Date.now() },
    radius,
    radius.standardDictionary(),
    (userName) => userName,
  );
}
/** A CoA-Request with one long attribute again and again. */
function packet(times: number): Buffer {
  const attributes = Array.from({ length: times }, () => ({ name: 'Filter-Id', value: 'f'.repeat(240) }));
  return radius.buildRequest({
    code: radius.packetCodes['CoA-Request'],
    identifier: 1,
    secret: radius.sharedSecret('secret'),
    authenticator: new Uint8Array(16),
    attributes: radius.encodeAttributes(radius.standardDictionary(), attributes),
    messageAuthenticator: false,
  });
}

test('a trace ends by itself, and the packet path looks at nothing any more', async () => {
  vi.useFakeTimers();
  const all = traces();
  expect(all.tap.on).toBe(false);
  const { id } = all.start(whom, 2);
  expect(all.tap.on).toBe(true);
  all.listenerTo('svc_1', nas)?.('SENT', packet(1));
  const stream = all.follow(id, 0);
  expect(await stream.next()).toMatchObject({ value: { number: 1, direction: 'SENT' } });
  const end = stream.next();
  vi.advanceTimersByTime(120_000);
  expect(await end).toEqual({ done: true, value: undefined });
  expect(all.tap.on).toBe(false);
  expect(all.listenerTo('svc_1', nas)).toBeUndefined();
  // What it saw is there until newer ones need the place.
  expect(all.all.map((trace) => trace.endedAt)).toEqual([expect.any(Number)]);
});

test('the newest entries are kept, by their number and by what they weigh', () => {
  const all = traces();
  const trace = all.start(whom, 1);
  const listener = all.listenerTo('svc_1', nas);
  for (let i = 0; i < mostEntries + 10; i++) listener?.('SENT', packet(1));
  expect(trace.entries.after(0).map(({ number }) => number)).toEqual(
    Array.from({ length: mostEntries }, (_, index) => index + 11),
  );
  for (let i = 0; i < mostEntries; i++) listener?.('SENT', packet(15));
  const kept = trace.entries.after(0);
  expect(kept.length).toBeLessThan(300);
  expect(kept.at(-1)?.number).toBe(2 * mostEntries + 10);
  all.close();
});

test('traces that ended give way to new ones, the oldest first', () => {
  const all = traces();
  for (let number = 0; number < 20; number++)
    all.stop(all.start({ ...whom, serviceId: `svc_${number}` }, 1).id);
  expect(all.all.map(({ serviceId }) => serviceId)).toEqual(
    [19, 18, 17, 16, 15, 14, 13, 12].map((number) => `svc_${number}`),
  );
});

test('who leaves a stream that waits is let go at once', async () => {
  const all = traces();
  const stream = all.follow(all.start(whom, 1).id, null);
  const waiting = stream.next();
  await stream.return(undefined);
  expect(await waiting).toEqual({ done: true, value: undefined });
  all.close();
});
