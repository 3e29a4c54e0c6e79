import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { RadiusExchange } from '../client/client.ts';
import { packetCodes } from '../packet/codes.ts';
import { type HomeServer, HomeServerPool } from './home-servers.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Answers what `answers` says, and counts what it is asked. */
function server(name: string, answers: { requests: boolean; status: boolean }) {
  const asked: number[] = [];
  const home: HomeServer = {
    name,
    host: '192.0.2.7',
    exchange: async ({ code }): Promise<RadiusExchange> => {
      asked.push(code);
      const answered = code === packetCodes['Status-Server'] ? answers.status : answers.requests;
      const reply = { code: 2, identifier: 1, authenticator: new Uint8Array(16), attributes: [] };
      return { reply: answered ? reply : null, transmissions: 1, elapsedMs: 1 };
    },
  };
  return { home, asked, answers };
}
const request = { code: 1, replyCodes: [2], attributes: [], messageAuthenticator: true };
const clock = { now: () => Date.now() };
const states = (pool: HomeServerPool) => pool.standing.map(({ state }) => state);

test('a server that was lost is asked by Status-Server and is back as soon as it answers', async () => {
  const first = server('first', { requests: false, status: false });
  const second = server('second', { requests: true, status: true });
  const pool = new HomeServerPool([first.home, second.home], {
    clock,
    deadForMs: 30_000,
    probeEveryMs: 5_000,
  });
  expect(await pool.exchange(request)).not.toBeNull();
  expect(states(pool)).toEqual(['DEAD', 'ALIVE']);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(first.asked).toEqual([1, 12, 12]);
  expect(states(pool)).toEqual(['DEAD', 'ALIVE']);
  Object.assign(first.answers, { requests: true, status: true });
  await vi.advanceTimersByTimeAsync(5_000);
  expect(states(pool)).toEqual(['ALIVE', 'ALIVE']);
  await pool.exchange(request);
  expect(first.asked).toEqual([1, 12, 12, 12, 1]);
  // It is asked no more while it is well.
  await vi.advanceTimersByTimeAsync(60_000);
  expect(first.asked).toHaveLength(5);
  pool.close();
});

test('who answers Status-Server stays dead until he does so again; who never did is tried with a request in time', async () => {
  const knows = server('knows', { requests: false, status: true });
  const silent = server('silent', { requests: false, status: false });
  const last = server('last', { requests: true, status: true });
  const pool = new HomeServerPool([knows.home, silent.home, last.home], {
    clock,
    deadForMs: 30_000,
    probeEveryMs: 5_000,
  });
  await pool.exchange(request);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(states(pool)).toEqual(['ALIVE', 'DEAD', 'ALIVE']);
  knows.answers.status = false;
  await pool.exchange(request);
  await vi.advanceTimersByTimeAsync(40_000);
  expect(states(pool)[0]).toBe('DEAD');
  const before = knows.asked.filter((code) => code === 1).length;
  const tried = silent.asked.filter((code) => code === 1).length;
  await pool.exchange(request);
  expect(knows.asked.filter((code) => code === 1)).toHaveLength(before);
  expect(silent.asked.filter((code) => code === 1)).toHaveLength(tried + 1);
  pool.close();
  expect(vi.getTimerCount()).toBe(0);
});
