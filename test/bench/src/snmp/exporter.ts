import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { processTime } from '../radius/process-time.ts';
import type { RoundAnswer } from './client.ts';
import { columns, community, user } from './columns.ts';

const program = '/usr/bin/prometheus-snmp-exporter';

export function missingExporter(): string | null {
  return existsSync(program) ? null : "Debian's package prometheus-snmp-exporter is not installed";
}

export interface Exporter {
  /** Has every agent scraped once. */
  round(ports: readonly number[], version: '2c' | '3'): Promise<Pick<RoundAnswer, 'cpu' | 'cells'>>;
  stop(): Promise<void>;
}

/** Debian's prometheus-snmp-exporter on one core, its module reading the same columns. */
export async function startExporter(folder: string): Promise<Exporter> {
  const port = await freePort();
  const configuration = join(folder, 'snmp.json');
  // JSON is YAML.
  writeFileSync(configuration, JSON.stringify({ v2c: moduleOf('2c'), v3: moduleOf('3') }));
  const child = spawn(
    program,
    [`--config.file=${configuration}`, `--web.listen-address=127.0.0.1:${port}`, '--log.level=error'],
    { env: { ...process.env, GOMAXPROCS: '1' }, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const client = new Agent({ connections: 50 });
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; ; tries++) {
    try {
      await (await request(url, { dispatcher: client })).body.dump();
      break;
    } catch (error) {
      if (tries >= 200 || child.exitCode !== null) throw error;
      await new Promise((done) => setTimeout(done, 50));
    }
  }
  const scrape = async (target: number, version: '2c' | '3') => {
    const address = `${url}/snmp?target=127.0.0.1:${target}&module=v${version === '3' ? '3' : '2c'}`;
    const { statusCode, body } = await request(address, { dispatcher: client });
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`snmp_exporter answered ${statusCode}: ${text}`);
    return text.split('\n').filter((line) => /^if\w+\{/.test(line)).length;
  };
  return {
    async round(ports, version) {
      const before = processTime(child.pid ?? 0);
      const cells = await Promise.all(ports.map((target) => scrape(target, version)));
      return { cpu: processTime(child.pid ?? 0) - before, cells: cells.reduce((sum, one) => sum + one, 0) };
    },
    async stop() {
      await client.close();
      const exited = once(child, 'exit');
      child.kill();
      await exited;
    },
  };
}

function moduleOf(version: '2c' | '3') {
  return {
    walk: columns.map(({ oid }) => oid),
    metrics: columns.map(({ name, oid, type }) => ({
      name,
      oid,
      type,
      help: name,
      indexes: [{ labelname: 'ifIndex', type: 'gauge' }],
    })),
    version: version === '3' ? 3 : 2,
    auth:
      version === '3'
        ? {
            security_level: 'authPriv',
            username: user.name,
            password: user.authPassword,
            auth_protocol: 'SHA',
            priv_protocol: 'AES',
            priv_password: user.privPassword,
          }
        : { community },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('No port');
  return address.port;
}
