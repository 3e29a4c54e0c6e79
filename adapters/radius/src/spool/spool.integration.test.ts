import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { encodeAttributes } from '../attribute/encode.ts';
import { standardDictionary } from '../dictionary/standard.ts';
import { buildRequest } from '../packet/build.ts';
import { packetCodes } from '../packet/codes.ts';
import { sharedSecret } from '../packet/shared-secret.ts';
import { type AccountingRecord, readAccountingRecord } from '../server/accounting-record.ts';
import type { Nas } from '../server/nas.ts';
import { readFrames, writeFrames } from './frame.ts';
import { AccountingSpool } from './spool.ts';

const nas: Nas = {
  id: 'nas-1',
  secrets: [sharedSecret('s')],
  requireMessageAuthenticator: 'NO',
  limitProxyState: false,
};
class Outage extends Error {}
const patience = { timeout: 20_000 };

function record(sessionId: string): AccountingRecord {
  const packet = buildRequest({
    code: packetCodes['Accounting-Request'],
    identifier: 0,
    secret: nas.secrets[0],
    messageAuthenticator: false,
    attributes: encodeAttributes(standardDictionary(), [{ name: 'Acct-Session-Id', value: sessionId }]),
  });
  return readAccountingRecord(nas, '192.0.2.1', 1_800_000_000_000, packet);
}

let folder: string;
let away: boolean;
let stored: string[];
let lost: string[];
let batches: number;
let tries: number;
let states: string[];
const spools: AccountingSpool[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dotmac-spool-'));
  away = false;
  stored = [];
  lost = [];
  batches = 0;
  tries = 0;
  states = [];
});
afterEach(async () => {
  for (const spool of spools.splice(0)) await spool.close();
  await rm(folder, { recursive: true, force: true });
});

async function open(mostOctets?: number): Promise<AccountingSpool> {
  const spool = await AccountingSpool.open({
    folder,
    retryMs: 5,
    ...(mostOctets === undefined ? {} : { mostOctets }),
    findNas: (id) => (id === 'nas-1' ? nas : null),
    isOutage: (error) => error instanceof Outage,
    onStateChange: (state) => states.push(state),
    onLost: (record, reason) =>
      lost.push(record === null ? String(reason) : Buffer.from(record.packet).toString('latin1', 22)),
    sink: {
      record: async (batch) => {
        tries++;
        if (away) throw new Outage();
        batches++;
        if (batch.some(({ sessionId }) => sessionId === 'poison')) throw new Error('violates a constraint');
        stored.push(...batch.map(({ sessionId }) => sessionId as string));
      },
    },
  });
  spools.push(spool);
  return spool;
}

test('an outage is bridged on disk and merged in order when it is over', async () => {
  const spool = await open();
  await spool.record([record('a')]);
  away = true;
  await Promise.all([spool.record([record('b'), record('c')]), spool.record([record('d')])]);
  await spool.record([record('e')]);
  expect([spool.spooling, stored]).toEqual([true, ['a']]);
  away = false;
  await expect.poll(() => spool.spooling, patience).toBe(false);
  expect(stored).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(await readdir(folder)).toEqual([]);
  await spool.record([record('f')]);
  expect(stored.at(-1)).toBe('f');
});

test('what came in many groups is handed over in few', async () => {
  const spool = await open();
  away = true;
  const names = Array.from({ length: 60 }, (_, n) => `r${n}`);
  for (const name of names) await spool.record([record(name)]);
  away = false;
  await expect.poll(() => spool.spooling, patience).toBe(false);
  expect([stored, batches]).toEqual([names, 1]);
});

test('the spool ends although more comes all the time, and nothing of it is lost, doubled or out of its order', async () => {
  const spool = await open();
  away = true;
  const sent = new Map<number, string[]>();
  let sending = true;
  const lines = Array.from({ length: 8 }, async (_, line) => {
    const own: string[] = [];
    sent.set(line, own);
    for (let n = 0; sending; n++) {
      own.push(`${line}-${n}`);
      await spool.record([record(`${line}-${n}`)]);
      // As a socket between them would.
      await setImmediate();
    }
  });
  await expect.poll(() => sent.get(0)?.length, patience).toBeGreaterThan(5);
  away = false;
  await expect.poll(() => spool.spooling, patience).toBe(false);
  const then = sent.get(0)?.length ?? 0;
  await expect.poll(() => sent.get(0)?.length, patience).toBeGreaterThan(then + 5);
  sending = false;
  await Promise.all(lines);
  expect(states).toEqual(['SPOOLING', 'DIRECT']);
  for (const [line, own] of sent) expect(stored.filter((name) => name.startsWith(`${line}-`))).toEqual(own);
});

test('what a process left behind, the next one hands over', async () => {
  away = true;
  const first = await open();
  await first.record([record('a')]);
  await first.record([record('b')]);
  await first.close();
  away = false;
  const second = await open();
  await expect.poll(() => second.spooling, patience).toBe(false);
  expect(stored).toEqual(['a', 'b']);
});

test('a record the sink refuses for its content is lost alone and reported; without an outage nothing is spooled', async () => {
  const spool = await open();
  await expect(spool.record([record('poison')])).rejects.toThrow('constraint');
  expect(spool.spooling).toBe(false);
  away = true;
  await spool.record([record('a'), record('poison'), record('b')]);
  away = false;
  await expect.poll(() => spool.spooling, patience).toBe(false);
  expect([stored, lost]).toEqual([['a', 'b'], ['poison']]);
});

test('a full spool passes the failure on, so that nothing is answered', async () => {
  const spool = await open(300);
  away = true;
  await spool.record([record('a')]);
  await expect(spool.record([record('b'), record('c')])).rejects.toThrow('the most is 300');
});

test('a torn end is left out: it was never acknowledged', async () => {
  const whole = writeFrames([
    { nasId: 'nas-1', sourceAddress: '192.0.2.1', receivedAt: 1, packet: record('a').packet },
  ]);
  for (let cut = 1; cut < whole.length; cut++) {
    const read = readFrames(Buffer.concat([whole, whole.subarray(0, cut)]));
    expect([read.records.length, read.damagedAt]).toEqual([1, whole.length]);
  }
  await writeFile(join(folder, '000000000000.spool'), Buffer.concat([whole, whole.subarray(0, 30)]));
  const spool = await open();
  await expect.poll(() => spool.spooling, patience).toBe(false);
  expect(stored).toEqual(['a']);
  expect(lost).toEqual([expect.stringContaining('is torn at octet')]);
});

test('what is lost of it is told once, however often it is tried until the sink is back', async () => {
  const frame = (name: string, nasId = 'nas-1') => ({
    nasId,
    sourceAddress: '192.0.2.1',
    receivedAt: 1,
    packet: record(name).packet,
  });
  const torn = writeFrames([frame('torn')]).subarray(0, 30);
  const first = writeFrames([frame('a'), frame('of nobody', 'nas-2'), frame('poison')]);
  // As many as are handed over at a time: it is looked at beside the first, and waits.
  const second = writeFrames(Array.from({ length: 400 }, (_, n) => frame(`r${n}`)));
  await writeFile(join(folder, '000000000000.spool'), Buffer.concat([first, torn]));
  await writeFile(join(folder, '000000000001.spool'), Buffer.concat([second, torn]));
  away = true;
  const spool = await open();
  await expect.poll(() => tries, patience).toBeGreaterThan(2);
  expect(lost).toEqual([]);
  away = false;
  await expect.poll(() => spool.spooling, patience).toBe(false);
  expect(stored).toHaveLength(401);
  expect(lost).toEqual([
    expect.stringContaining('000000000000.spool is torn'),
    'of nobody',
    'poison',
    expect.stringContaining('000000000001.spool is torn'),
  ]);
});
