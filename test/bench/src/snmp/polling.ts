import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Report } from '../report.ts';
import type { ClientArgument, RoundAnswer } from './client.ts';
import { cellsPerDevice } from './columns.ts';
import { type Exporter, missingExporter, startExporter } from './exporter.ts';
import { startWorker } from './process.ts';

const devices = 200;
const rounds = 5;

/** CPU seconds per 1,000 devices of 48 ports and 12 columns: DotMac, snmp_exporter and npm net-snmp in turn. */
export async function run(report: Report): Promise<void> {
  const agents = await startWorker<{ ports: number[] }, object, object>('agents.ts', { count: devices });
  const folder = mkdtempSync(join(tmpdir(), 'dotmac-bench-snmp-'));
  const missing = missingExporter();
  if (missing !== null) report.note(`without snmp_exporter: ${missing}`);
  const exporter = missing === null ? await startExporter(folder) : null;
  try {
    const { ports } = agents.ready;
    const plain = await compare({ ports, version: '2c' }, exporter);
    const encrypted = await compare({ ports, version: '3' }, exporter);
    for (const [metric, { own, netSnmp, exporter }] of [
      ['v2c CPU per 1,000 devices', plain],
      ['v3 authPriv CPU per 1,000 devices', encrypted],
    ] as const) {
      const peers = { 'npm net-snmp': netSnmp, snmp_exporter: exporter };
      for (const [peer, peerValue] of Object.entries(peers)) {
        if (peerValue === null) continue;
        report.figure({ metric, value: own, unit: 's', peer, peerValue, ratio: ratio(peerValue, own) });
      }
    }
    if (plain.exporter !== null) {
      report.figure({
        metric: 'v3 authPriv CPU per 1,000 devices, the peer over v2c',
        value: encrypted.own,
        unit: 's',
        peer: 'snmp_exporter',
        peerValue: plain.exporter,
        ratio: ratio(plain.exporter, encrypted.own),
      });
    }
  } finally {
    await exporter?.stop();
    await agents.stop();
    rmSync(folder, { recursive: true });
  }
}

/** A poller runs for months: code is hot, and every device has shown what it bears. */
const warmRounds = 25;

/** Rounds in turn, the mean of each; both pollers are warm. */
async function compare(argument: ClientArgument, exporter: Exporter | null) {
  const own = await startWorker<object, object, RoundAnswer>('own.ts', argument);
  const netSnmp = await startWorker<object, object, RoundAnswer>('net-snmp.ts', argument);
  const took = { own: [] as number[], netSnmp: [] as number[], exporter: [] as number[] };
  try {
    for (let round = 0; round < warmRounds; round++) {
      await netSnmp.ask({});
      await own.ask({});
    }
    for (let round = 0; round < rounds; round++) {
      const results = {
        exporter: exporter === null ? null : await exporter.round(argument.ports, argument.version),
        netSnmp: await five(() => netSnmp.ask({})),
        own: await five(() => own.ask({})),
      };
      for (const [name, result] of Object.entries(results)) {
        if (result === null) continue;
        const wanted = argument.ports.length * cellsPerDevice;
        if (result.cells !== wanted) throw new Error(`${name} read ${result.cells} of ${wanted} values`);
        took[name as keyof typeof took].push(result.cpu);
      }
    }
  } finally {
    await Promise.all([own.stop(), netSnmp.stop()]);
  }
  const per1000 = (cpu: readonly number[]) =>
    cpu.length === 0 ? null : Number((mean(cpu) / 1e6 / (argument.ports.length / 1_000)).toFixed(3));
  return {
    own: per1000(took.own) ?? 0,
    netSnmp: per1000(took.netSnmp),
    exporter: per1000(took.exporter),
  };
}

/** A round of 200 devices is too short to measure; five of them, as one. */
async function five(round: () => Promise<RoundAnswer>): Promise<Pick<RoundAnswer, 'cpu' | 'cells'>> {
  let cpu = 0;
  let cells = 0;
  for (let i = 0; i < 5; i++) {
    const answer = await round();
    cpu += answer.cpu / 5;
    cells = answer.cells;
  }
  return { cpu, cells };
}

const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;
const ratio = (peer: number, own: number) => Number((peer / own).toFixed(2));
