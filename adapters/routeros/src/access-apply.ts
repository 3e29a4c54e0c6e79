import { type ApplyResult, DeviceError } from '@dotmac/device';
import type { AccessStep, RowFinder } from './access-plan.ts';
import type { RouterosClient } from './client.ts';
import { type CallOptions, rowsOf } from './reads.ts';

type StepResult = ApplyResult['steps'][number];

async function findIds(client: RouterosClient, finder: RowFinder, call: CallOptions): Promise<string[]> {
  const rows = await client.print(finder.menu, { fields: ['.id'], where: finder.where }, call);
  return rows.map((row) => row['.id'] ?? '').filter((id) => id !== '');
}

/** Removes rows that may vanish by themselves meanwhile; how many were removed by us. */
async function removeVolatile(
  client: RouterosClient,
  menu: string,
  ids: readonly string[],
  call: CallOptions,
) {
  const removals = ids.map(async (id) => {
    try {
      await client.run(`${menu}/remove`, { '.id': id }, call);
      return 1;
    } catch (error) {
      if (error instanceof DeviceError && error.code === 'NOT_FOUND') return 0;
      throw error;
    }
  });
  const results = await Promise.allSettled(removals);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return results.filter((result) => result.status === 'fulfilled' && result.value === 1).length;
}

/** How many removals wait at a time; the client lets a few of them onto the wire. */
const flushBatch = 32;

/** Some versions print the port with the address, so the query cannot be left to the router. */
async function flush(client: RouterosClient, address: string, call: CallOptions): Promise<string> {
  const menu = '/ip/firewall/connection';
  const ids: string[] = [];
  for await (const row of rowsOf(client, menu, { fields: ['.id', 'src-address'] }, call)) {
    const source = row['src-address'] ?? '';
    if ((source === address || source.startsWith(`${address}:`)) && row['.id'] !== undefined)
      ids.push(row['.id']);
  }
  let removed = 0;
  for (let at = 0; at < ids.length; at += flushBatch)
    removed += await removeVolatile(client, menu, ids.slice(at, at + flushBatch), call);
  return `${removed} connections ended`;
}

async function runStep(client: RouterosClient, step: AccessStep, call: CallOptions): Promise<string> {
  if (step.flush !== undefined) return flush(client, step.flush, call);
  if (step.unless !== undefined && (await findIds(client, step.unless, call)).length > 0)
    return 'there already';
  if (step.find === undefined) {
    const { ret } = await client.run(step.command, step.args, call);
    return ret === null ? 'done' : `added as ${ret}`;
  }
  const ids = await findIds(client, step.find, call);
  if (ids.length === 0) {
    if (step.kind === 'delete') return 'gone already';
    throw new DeviceError('NOT_FOUND', `${step.ref} is gone`);
  }
  if (step.kind === 'delete') {
    await removeVolatile(client, step.find.menu, ids, call);
    return 'removed';
  }
  const idArgument = step.command.endsWith('/move') ? 'numbers' : '.id';
  await client.run(step.command, { [idArgument]: ids.join(','), ...step.args }, call);
  return 'done';
}

/**
 * Carries out steps in order, each looked up anew just before its write, and stops at the first that fails.
 * @throws DeviceError when the first step failed and certainly changed nothing
 */
export async function applySteps(
  client: RouterosClient,
  steps: readonly AccessStep[],
  call: CallOptions,
): Promise<ApplyResult> {
  const results: StepResult[] = [];
  for (const step of steps) {
    try {
      results.push({ ref: step.ref, ok: true, message: await runStep(client, step, call) });
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      if (results.length === 0 && !error.maybeApplied) throw error;
      results.push({ ref: step.ref, ok: false, message: `${error.code}: ${error.message}` });
      return { outcome: error.maybeApplied ? 'unknown' : 'partially_applied', steps: results };
    }
  }
  return { outcome: steps.length === 0 ? 'noop' : 'applied', steps: results };
}
