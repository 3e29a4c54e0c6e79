import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { newInstallation, rounded } from '../installation.ts';
import type { Report } from '../report.ts';

/** Long enough for the start's garbage to be collected and its connections to be idle. */
const idleMilliseconds = 30_000;
const slug = 'alpha';

/**
 * Memory of an idle demo tenant: proportional set size (shared pages divided among those who share them) of its
 * runtime and of its PostgreSQL server with all of its processes.
 */
export async function run(report: Report): Promise<void> {
  if (process.platform !== 'linux') return report.note('left out: proportional set sizes need Linux');
  await using installation = await newInstallation();
  await installation.start();
  await new Promise((resolve) => setTimeout(resolve, idleMilliseconds));
  const tenant = join(installation.home, 'hosting', 'tenants', slug);
  const runtime = megabytes([runtimePid(tenant)]);
  const database = megabytes(withChildren(postmasterPid(tenant)));
  report.figure({ metric: 'PSS of an idle runtime', value: rounded(runtime, 1), unit: 'MB' });
  report.figure({ metric: 'PSS of its PostgreSQL', value: rounded(database, 1), unit: 'MB' });
  report.figure({ metric: 'PSS of an idle tenant', value: rounded(runtime + database, 1), unit: 'MB' });
}

function runtimePid(tenant: string): number {
  const workloads = join(tenant, 'workloads');
  const [name = ''] = readdirSync(workloads);
  const record = JSON.parse(readFileSync(join(workloads, name, 'workload.json'), 'utf8')) as {
    process: { pid: number };
  };
  return record.process.pid;
}

function postmasterPid(tenant: string): number {
  const folder = join(tenant, 'database');
  const { instance } = JSON.parse(readFileSync(join(folder, 'database.json'), 'utf8')) as {
    instance: string;
  };
  return Number.parseInt(readFileSync(join(folder, instance, 'data', 'postmaster.pid'), 'utf8'), 10);
}

function withChildren(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  return [pid, ...children.map(Number)];
}

/** proc(5): `Pss:` in smaps_rollup, in kB of 1024 octets. */
function megabytes(pids: readonly number[]): number {
  const kilobytes = pids.map((pid) =>
    Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]),
  );
  return kilobytes.reduce((sum, value) => sum + value, 0) / 1024;
}
