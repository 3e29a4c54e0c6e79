import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual, promisify } from 'node:util';
import { systemClock } from '@dotmac/device';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { learnWalk } from '../learn/learn.ts';
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
const floors = {
  vendor: 0.98,
  os: 0.97,
  identity: 0.94,
  ports: 0.985,
  processors: 0.96,
  memory: 0.97,
  sensors: 0.8,
  states: 0.69,
  wireless: 0.84,
};

describe.skipIf(!existsSync(archive))('the development recordings', () => {
  let folder: string;
  const at = (name: string) => join(folder, name);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'recordings-'));
    await run('tar', ['-xJf', archive, '-C', folder]);
  }, 60_000);
  afterAll(() => rm(folder, { recursive: true }));

  /** Probes every recording of a folder, served with the options; the lines of the probe. */
  async function probed(recordings: string, options: readonly string[]): Promise<string[]> {
    const files = ['--quiet', '--life', '220', '--targets', at('targets'), '--map', at('map')];
    const agent = spawn(process.execPath, [join(lab, 'agent.mjs'), ...files, ...options, recordings]);
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
      return lines;
    } finally {
      agent.removeAllListeners('exit');
      agent.kill();
    }
  }

  test('every device is answered for, and the floors hold', { timeout: 240_000 }, async () => {
    await writeFile(at('probe'), (await probed(at('snmpsim'), ['--anonymous'])).join('\n'));
    const { stdout } = await run(
      process.execPath,
      [
        join(lab, 'score.mjs'),
        ...['--map', at('map'), '--expected', at('data')],
        ...['--truth', join(shared, 'data/snmp/os-truth.json'), '--json', at('probe')],
      ],
      { maxBuffer: 64 * 1024 * 1024 },
    );
    const score = JSON.parse(stdout) as Score;
    expect(score).toMatchObject({ missing: 0, badLines: 0, duplicates: 0 });
    for (const [facet, floor] of Object.entries(floors)) {
      expect(score.groups.all.facets[facet]?.mean, facet).toBeGreaterThanOrEqual(floor);
    }
  });

  /** Every twelfth recording: all kinds of devices, in a share of the time. */
  async function sample(): Promise<string> {
    await mkdir(at('sample'), { recursive: true });
    const names = (await readdir(at('snmpsim'))).sort().filter((_, i) => i % 12 === 0);
    for (const name of names) await copyFile(join(at('snmpsim'), name), join(at('sample'), name));
    return at('sample');
  }

  const sorted = (lines: readonly string[]) =>
    new Map(
      lines.map((line) => {
        const { id, warnings: _, ...device } = JSON.parse(line) as { id: string; warnings?: unknown };
        return [id, device] as const;
      }),
    );

  test('an agent with a quirk is read as without it, or in part, and always to an end', {
    timeout: 240_000,
  }, async () => {
    const recordings = await sample();
    const clean = sorted(await probed(recordings, []));
    expect(clean.size).toBeGreaterThan(60);
    for (const quirk of ['toobig', 'empty', 'nobulk', 'wrongid']) {
      // Now and then three answers in a row are lost or wrong, and a device is given up; but not round after round.
      const wrong = new Map(clean);
      for (let round = 0; round < 4 && wrong.size > 0; round++) {
        const found = sorted(await probed(recordings, ['--quirk', quirk]));
        for (const [id, device] of wrong) if (isDeepStrictEqual(found.get(id), device)) wrong.delete(id);
      }
      expect([...wrong.keys()], quirk).toEqual([]);
    }
    for (const quirk of ['loop', 'badvb']) {
      const found = sorted(await probed(recordings, ['--quirk', quirk]));
      expect([...found.keys()].sort(), quirk).toEqual([...clean.keys()].sort());
      for (const device of found.values()) {
        expect((device as { error?: { code: string } }).error?.code).not.toBe('internal');
      }
    }
  });

  test('a draft can be made of any walk', { timeout: 120_000 }, async () => {
    const recordings = await sample();
    for (const name of await readdir(recordings)) {
      const lesson = await learnWalk(await readFile(join(recordings, name), 'utf8'), systemClock);
      expect(lesson.recognised.readings.sensors, name).toBeGreaterThanOrEqual(0);
    }
  });
});
