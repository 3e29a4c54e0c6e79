import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test, vi } from 'vitest';
import { lastingPorts } from './lasting-ports.ts';

const draws = vi.hoisted(() => ({ next: [] as number[] }));
vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof import('node:crypto')>();
  return {
    ...crypto,
    randomInt: (low: number, high: number) => draws.next.shift() ?? crypto.randomInt(low, high),
  };
});

test('they are different, and none that the system gives to whoever asks for any', async () => {
  const ports = await lastingPorts(20);
  expect(new Set(ports).size).toBe(20);
  expect(ports.every((port) => port >= 20_000 && port < 32_768)).toBe(true);
});

test('a port that is taken, by name, over UDP or over TCP, is passed over', async () => {
  const [named, udpPort, tcpPort, free] = (await lastingPorts(4)) as [number, number, number, number];
  const udp = createSocket('udp4').bind(udpPort, '127.0.0.1');
  const tcp = createServer().listen(tcpPort, '127.0.0.1');
  await Promise.all([once(udp, 'listening'), once(tcp, 'listening')]);
  draws.next = [named, udpPort, tcpPort, free];
  expect(await lastingPorts(1, new Set([named]))).toEqual([free]);
  udp.close();
  tcp.close();
});
