import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { systemClock } from '@dotmac/device';
import { describe, expect, test } from 'vitest';
import { probeTargets } from './run.ts';

const run = promisify(execFile);
const shared = fileURLToPath(new URL('../../../../../shared/', import.meta.url));
const lab = join(shared, 'tools/snmp-lab');
const archive = join(shared, 'data/snmp/dev.tar.xz');

interface Facet {
  readonly mean: number;
}
interface Score {
  readonly missing: number;
  readonly badLines: number;
  readonly duplicates: number;
  readonly groups: { readonly all: { readonly facets: Readonly<Record<string, Facet>> } };
}

/** What was reached on the development recordings, less a margin of a few devices. */
const floors = { vendor: 0.98, os: 0.97, identity: 0.92, ports: 0.97, processors: 0.93, memory: 0.94 };

describe.skipIf(!existsSync(archive))('the development recordings', () => {
  test('every device is answered for, and the floors of recognition hold', { timeout: 240_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'recordings-'));
    const at = (name: string) => join(folder, name);
    try {
      await run('tar', ['-xJf', archive, '-C', folder]);
      const options = [
        '--anonymous',
        '--quiet',
        '--life',
        '220',
        '--targets',
        at('targets'),
        '--map',
        at('map'),
      ];
      const agent = spawn(process.execPath, [join(lab, 'agent.mjs'), ...options, at('snmpsim')]);
      try {
        await new Promise<void>((resolve, reject) => {
          agent.once('exit', (code) => reject(new Error(`the agents ended with ${code}`)));
          for (const stream of [agent.stdout, agent.stderr]) {
            stream.on('data', (chunk: Buffer) => {
              if (chunk.includes('ready')) resolve();
            });
          }
        });
        const lines: string[] = [];
        async function* targets() {
          yield* (await readFile(at('targets'), 'utf8')).split('\n');
        }
        await probeTargets(targets(), (line) => void lines.push(line), {
          clock: systemClock,
          concurrency: 60,
        });
        await writeFile(at('probe'), lines.join('\n'));
      } finally {
        agent.removeAllListeners('exit');
        agent.kill();
      }
      const { stdout } = await run(
        process.execPath,
        [
          join(lab, 'score.mjs'),
          ...[
            '--map',
            at('map'),
            '--expected',
            at('data'),
            '--truth',
            join(shared, 'data/snmp/os-truth.json'),
          ],
          ...['--json', at('probe')],
        ],
        { maxBuffer: 64 * 1024 * 1024 },
      );
      const score = JSON.parse(stdout) as Score;
      expect(score).toMatchObject({ missing: 0, badLines: 0, duplicates: 0 });
      for (const [facet, floor] of Object.entries(floors)) {
        expect(score.groups.all.facets[facet]?.mean, facet).toBeGreaterThanOrEqual(floor);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
