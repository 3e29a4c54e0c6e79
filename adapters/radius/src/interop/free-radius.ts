import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** For tests: whether a program of the system is there. */
export function installed(program: string, probe = '-v'): boolean {
  return spawnSync(program, [probe]).error === undefined;
}

/** A UDP port that was free a moment ago. */
export async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

/** A TCP port that was free a moment ago. */
export async function freeTcpPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export interface FreeRadius {
  readonly log: () => string;
  stop(): Promise<void>;
}

/**
 * Runs FreeRADIUS from a configuration of its own, as the ordinary user that runs the tests.
 * @param proxies whether it passes requests on to home servers.
 */
export async function startFreeRadius(
  configuration: string,
  files: Readonly<Record<string, string>> = {},
  proxies = false,
): Promise<FreeRadius> {
  const folder = await mkdtemp(join(tmpdir(), 'dotmac-freeradius-'));
  const head = `
prefix = ${folder}
localstatedir = ${folder}
name = lab
logdir = ${folder}
run_dir = ${folder}
pidfile = ${folder}/lab.pid
proxy_requests = ${proxies ? 'yes' : 'no'}
log {
  destination = stdout
}
security {
  max_attributes = 200
  reject_delay = 0
  status_server = yes
}
client lab {
  ipaddr = 127.0.0.1
  secret = testing123
}
thread pool {
  start_servers = 1
  max_servers = 2
  min_spare_servers = 1
  max_spare_servers = 1
}
`;
  await writeFile(join(folder, 'radiusd.conf'), head + configuration);
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  // As -X, and with threads, without which it refuses to listen over TLS.
  const child = spawn('freeradius', ['-d', folder, '-fxx', '-l', 'stdout']);
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (log += chunk));
  await ready(child, () => log);
  return {
    log: () => log,
    stop: async () => {
      if (child.exitCode === null) {
        child.kill();
        await once(child, 'exit');
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function ready(child: ChildProcess, log: () => string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const look = () => {
      if (log().includes('Ready to process requests')) resolve();
    };
    child.stdout?.on('data', look);
    child.once('exit', (code) => reject(new Error(`freeradius ended with ${code}:\n${log().slice(-2000)}`)));
  });
}
