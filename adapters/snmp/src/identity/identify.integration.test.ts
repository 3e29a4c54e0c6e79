import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@dotmac/device';
import { type Quirk, startSnmpAgents } from '@dotmac/lab/snmp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { probeTargets } from '../probe/run.ts';

const SYSTEM = '1.3.6.1.2.1.1';
const PRIVATE = '1.3.6.1.4.1';
const NET_SNMP = `${PRIVATE}.8072.3.2.10`;

/** Made-up agents: each object as OID, type (2 integer, 4 text, 6 OID) and value. */
const boxes: Readonly<Record<string, readonly string[]>> = {
  'modem router': [
    `${SYSTEM}.1.0|4|Linux gateway 5.4.1 #0 SMP mips`,
    `${SYSTEM}.2.0|6|${NET_SNMP}`,
    `${PRIVATE}.2021.4.5.0|2|1000`,
    `${PRIVATE}.2021.4.6.0|2|300`,
    `${PRIVATE}.2021.4.13.0|2|50`,
    `${PRIVATE}.2021.4.14.0|2|100`,
    `${PRIVATE}.2021.4.15.0|2|200`,
    `${PRIVATE}.2021.11.11.0|2|75`,
    `${PRIVATE}.48690.1.1.0|4|1000000001`,
    `${PRIVATE}.48690.1.2.0|4|RUTX99`,
    `${PRIVATE}.48690.1.6.0|4|RUTX_R_00.07.01`,
  ],
  'unknown box': [
    `${SYSTEM}.1.0|4|Linux box 5.4.1 #0 SMP armv7l`,
    `${SYSTEM}.2.0|6|${NET_SNMP}`,
    `${PRIVATE}.8072.1.1.0|2|1`,
    `${PRIVATE}.46242.9.9.0|2|1`,
  ],
  'unseen product': [
    `${SYSTEM}.1.0|4|Switch`,
    `${SYSTEM}.2.0|6|${PRIVATE}.8691.7.9999`,
    `${PRIVATE}.8691.7.9999.1.2.0|4|EDS-NEW`,
    `${PRIVATE}.8691.7.9999.1.4.0|4|V9.9`,
    `${PRIVATE}.8691.7.9999.1.54.0|2|12`,
    `${PRIVATE}.8691.7.9999.1.56.0|2|1000`,
    `${PRIVATE}.8691.7.9999.1.58.0|2|400`,
  ],
  'unknown maker': [
    `${SYSTEM}.1.0|4|Magic Box 7, firmware version 3.2.1, S/N: ABC12345`,
    `${SYSTEM}.2.0|6|${PRIVATE}.33555.77`,
    '1.3.6.1.2.1.47.1.1.1.1.11.1|4|E-SERIAL',
    '1.3.6.1.2.1.47.1.1.1.1.13.1|4|MB-7',
  ],
};

interface Line {
  readonly identity: Record<string, string | null>;
  readonly processors: readonly { oid: string; usagePercent: number }[];
  readonly memory: readonly { name: string; usedBytes: string; totalBytes: string }[];
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'identity-'));
  for (const [id, objects] of Object.entries(boxes)) {
    await writeFile(join(folder, `${id}.snmprec`), `${objects.join('\n')}\n`);
  }
});
afterAll(() => rm(folder, { recursive: true }));

async function probed(version: '1' | '2c', quirks: readonly Quirk[] = []): Promise<Map<string, Line>> {
  const lab = await startSnmpAgents(
    Object.keys(boxes).map((id) => ({ id, recording: join(folder, `${id}.snmprec`), quirks: [...quirks] })),
    { clock: { now: () => 0 } },
  );
  const found = new Map<string, Line>();
  try {
    async function* targets() {
      for (const { id, host, port } of lab.agents) {
        yield JSON.stringify({ id, host, port, snmp: { version, community: 'public' } });
      }
    }
    await probeTargets(
      targets(),
      (line) => {
        const parsed = JSON.parse(line) as Line & { id: string };
        found.set(parsed.id, parsed);
      },
      { clock: systemClock, deviceMilliseconds: 20_000 },
    );
  } finally {
    await lab.close();
  }
  return found;
}

const ways: readonly (readonly ['1' | '2c', readonly Quirk[]])[] = [
  ['2c', []],
  ['1', []],
  ['2c', ['toobig']],
  ['2c', ['empty']],
  ['2c', ['nobulk']],
];

describe.each(ways)('over v%s with %j', (version, quirks) => {
  test('what a device is, what it computes with, and how much it holds', async () => {
    const found = await probed(version, quirks);
    const router = found.get('modem router');
    expect(router?.identity).toMatchObject({
      vendor: 'Teltonika',
      os: 'rutos-rutx',
      model: 'RUTX99',
      version: 'RUTX_R_00.07.01',
      serial: '1000000001',
    });
    expect(router?.processors).toMatchObject([{ usagePercent: 25 }]);
    expect(router?.memory.map((it) => [it.name, Number(it.usedBytes), Number(it.totalBytes)])).toEqual([
      ['physical memory', 400 * 1024, 1000 * 1024],
      ['shared memory', 50 * 1024, 1000 * 1024],
      ['memory buffers', 100 * 1024, 1000 * 1024],
      ['cached memory', 200 * 1024, 1000 * 1024],
    ]);
    expect(found.get('unknown box')?.identity).toMatchObject({ vendor: 'Netonix', serial: null });
    const product = found.get('unseen product');
    expect(product?.identity).toMatchObject({ vendor: 'Moxa', model: 'EDS-NEW', version: 'V9.9' });
    expect(product?.processors).toMatchObject([{ oid: `${PRIVATE}.8691.7.9999.1.54.0`, usagePercent: 12 }]);
    expect(product?.memory).toMatchObject([{ usedBytes: '400', totalBytes: '1000' }]);
    expect(found.get('unknown maker')?.identity).toMatchObject({
      vendor: 'Racom',
      model: 'MB-7',
      version: '3.2.1',
      serial: 'E-SERIAL',
    });
  });
});
