import { isIP } from 'node:net';
import { demoCredential } from '../demo/credentials.ts';
import { type GraphClient, graphClient } from '../graph-client.ts';
import type { Flags } from '../main.ts';
import { UsageError } from './command.ts';
import { dictionaryReport } from './radius-dictionary.ts';
import { followTrace } from './radius-trace.ts';
import { readSettings } from './settings.ts';

interface Explanation {
  readonly decision: string;
  readonly reason: string | null;
  readonly steps: readonly { readonly check: string; readonly passed: boolean; readonly fact: string }[];
}

const query = `query ($username: String!, $nasAddress: IPAddress, $nasId: ID, $mac: String, $password: String, $portId: String) {
  explainLogin(username: $username, nasAddress: $nasAddress, nasId: $nasId, mac: $mac, password: $password, portId: $portId) {
    decision reason steps { check passed fact } } }`;

/**
 * `dotmac radius explain --user <name> --nas <address, name or id>`: what the answer to a login would be now, check by check.
 * `dotmac radius trace --user <name> [--minutes <n>] [--reason <why>]`: his packets, redacted, as they pass.
 * `dotmac radius dictionary check <file…>`: what dictionaries would add to ours.
 */
export async function runRadius([word, ...more]: readonly string[], flags: Flags): Promise<void> {
  if (word === 'trace') return trace(flags);
  if (word === 'dictionary') {
    process.stdout.write(await dictionaryReport(more, flags.json === true));
    return;
  }
  if (word !== 'explain') throw new UsageError('radius knows three words: explain, trace and dictionary');
  const { user, nas } = flags;
  if (user === undefined || nas === undefined)
    throw new UsageError('radius explain needs --user and --nas, such as --user ada --nas 127.0.0.1');
  const { url, token } = demoCredential(readSettings().home, flags.as ?? 'alpha.noc');
  const graph = graphClient(url, token, flags.tenant);
  const { explainLogin } = await graph.ask<{ explainLogin: Explanation }>(query, {
    username: user,
    ...(await nasOf(graph, nas)),
    mac: flags.mac,
    password: flags.password,
    portId: flags['port-id'],
  });
  process.stdout.write(flags.json === true ? `${JSON.stringify(explainLogin)}\n` : told(explainLogin));
}

/** A NAS that comes over TLS may have no address: then it is said by name or id. */
async function nasOf(graph: GraphClient, nas: string): Promise<{ nasAddress: string } | { nasId: string }> {
  if (isIP(nas) !== 0) return { nasAddress: nas };
  const { nases } = await graph.ask<{ nases: { id: string; name: string }[] }>('{ nases { id name } }');
  const found = nases.find(({ id, name }) => id === nas || name === nas);
  if (found === undefined)
    throw new UsageError(`There is no NAS "${nas}"; there are: ${nases.map(({ name }) => name).join(', ')}`);
  return { nasId: found.id };
}

async function trace({ user, minutes = '10', reason, as, tenant, json }: Flags): Promise<void> {
  if (user === undefined) throw new UsageError('radius trace needs --user, such as --user ada');
  if (!/^\d+$/.test(minutes)) throw new UsageError(`--minutes is a number of minutes, not "${minutes}"`);
  const credential = { ...demoCredential(readSettings().home, as ?? 'alpha.noc'), tenant };
  const input = { username: user, minutes: Number(minutes), reason: reason ?? 'dotmac radius trace' };
  await followTrace(credential, input, json === true);
}

function told({ decision, reason, steps }: Explanation): string {
  const lines = steps.map(
    ({ check, passed, fact }) => `${passed ? 'ok  ' : 'FAIL'}  ${check.padEnd(9)} ${fact}`,
  );
  return `${[...lines, `${decision}${reason === null ? '' : `: ${reason}`}`].join('\n')}\n`;
}
