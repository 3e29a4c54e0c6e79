import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The genuine agent: NET-SNMP's snmpd, where the system has it. */
const program = ['/usr/sbin/snmpd', '/usr/local/sbin/snmpd', '/opt/homebrew/sbin/snmpd'].find((path) =>
  existsSync(path),
);

/** Whether there is a genuine agent here; tests that need it are skipped otherwise. */
export const hasSnmpd = program !== undefined;

/** A genuine agent on loopback. */
export interface RunningSnmpd extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Puts another in its place, at the same address and with other lines; it remembers nothing. */
  replace(configuration: readonly string[]): Promise<void>;
}

/**
 * Starts Debian's snmpd with the lines of a snmpd.conf(5); it answers when this returns.
 * @throws Error with its words when it ends instead.
 */
export async function startSnmpd(configuration: readonly string[]): Promise<RunningSnmpd> {
  const folder = await mkdtemp(join(tmpdir(), 'dotmac-snmpd-'));
  const host = '127.0.0.1';
  const port = await freePort(host);
  let end = await run(folder, `udp:${host}:${port}`, configuration);
  return {
    host,
    port,
    async replace(lines) {
      await end();
      await rm(join(folder, 'state'), { recursive: true, force: true });
      end = await run(folder, `udp:${host}:${port}`, lines);
    },
    async [Symbol.asyncDispose]() {
      await end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** @returns what ends it. */
async function run(
  folder: string,
  address: string,
  configuration: readonly string[],
): Promise<() => Promise<void>> {
  if (program === undefined) throw new Error('There is no snmpd on this machine');
  const file = join(folder, 'snmpd.conf');
  await writeFile(file, `${configuration.join('\n')}\n`);
  const agent = spawn(program, ['-f', '-Lo', '-C', '-c', file, '-I', '-smux', address], {
    env: { ...process.env, SNMP_PERSISTENT_DIR: join(folder, 'state') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(agent, 'exit');
  let log = '';
  const { promise: up, resolve } = Promise.withResolvers<void>();
  for (const stream of [agent.stdout, agent.stderr])
    stream.on('data', (text) => {
      log += String(text);
      // Its last line before it serves.
      if (log.includes('NET-SNMP version')) resolve();
    });
  await Promise.race([
    up,
    ended.then(() => {
      throw new Error(`snmpd did not start: ${log}`);
    }),
  ]);
  return async () => {
    agent.kill();
    await ended;
  };
}

async function freePort(host: string): Promise<number> {
  const socket = createSocket('udp4').bind(0, host);
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}
