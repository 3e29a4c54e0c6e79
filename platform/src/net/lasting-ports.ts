import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Where ports are taken that are kept for good: above those of well-known services and below those that systems give to
 * whoever asks for any (32768 and up on Linux, 49152 and up elsewhere; RFC 6335 §6). One of those could be somebody
 * else's at the next start.
 */
const lowest = 20_000;
const highest = 32_767;
const attempts = 1_000;

/**
 * Ports of this machine to keep: different ones, free for UDP and TCP at this moment, and none of `taken`.
 * @throws Error when none is found
 */
export async function lastingPorts(count: number, taken: ReadonlySet<number> = new Set()): Promise<number[]> {
  const found = new Set<number>();
  for (let attempt = 0; found.size < count; attempt += 1) {
    if (attempt === attempts) throw new Error(`No port between ${lowest} and ${highest} is free`);
    const port = randomInt(lowest, highest + 1);
    if (!taken.has(port) && !found.has(port) && (await isFree(port))) found.add(port);
  }
  return [...found];
}

async function isFree(port: number): Promise<boolean> {
  const tcp = createServer();
  const udp = createSocket('udp4');
  try {
    await once(tcp.listen(port, '127.0.0.1'), 'listening');
    await once(udp.bind(port, '127.0.0.1'), 'listening');
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['EADDRINUSE', 'EACCES'].includes(String(error.code)))
      return false;
    throw error;
  } finally {
    tcp.close();
    udp.close();
  }
}
