import type { Clock } from '@dotmac/device';
import type { SnmpCredential } from '../credential.ts';
import { SnmpEngine } from '../engine/engine.ts';
import type { SnmpSession } from '../engine/session.ts';
import type { TableOptions } from '../engine/table.ts';
import { type ProbeTarget, parseTarget } from '../probe/target.ts';
import { recordingLine } from './format.ts';
import { maskWalk } from './mask.ts';
import type { WalkObject } from './parse.ts';

/** Where devices keep what they say of themselves: IEEE 802.11 and LLDP lie outside the Internet's tree. */
const ROOTS = ['1.0.8802', '1.2.840.10036', '1.3.6.1'] as const;

interface Recording {
  readonly objects: readonly WalkObject[];
  readonly warnings: readonly string[];
}

/**
 * Walks everything a device shows and hides names, addresses and secrets (`maskWalk`). Rejects with `SnmpError` when
 * it does not answer; a walk that ends early is kept, with a warning.
 */
async function recordDevice(
  session: SnmpSession,
  secrets: readonly string[],
  options: TableOptions,
): Promise<Recording> {
  // A device that does not answer is an error, not an empty recording.
  await session.getNext(['1.3.6.1.2.1.1'], options);
  const objects: WalkObject[] = [];
  const warnings: string[] = [];
  for (const root of ROOTS) {
    const walk = await session.subtree(root, { maxRows: 500_000, maxPackets: 100_000, ...options });
    for (const [index, value] of walk.values) objects.push({ oid: `${root}.${index}`, value });
    warnings.push(...walk.warnings);
  }
  return { objects: maskWalk(objects, secrets), warnings };
}

const MOST_MILLISECONDS = 600_000;

/**
 * Records one device named by a line of the probe's input. Resolves with the text of the recording. Throws
 * `TypeError` when the line is no target, `SnmpError` when the device does not answer.
 */
export async function recordTarget(
  line: string,
  options: { readonly clock: Clock; readonly signal?: AbortSignal; readonly maxMilliseconds?: number },
): Promise<{ readonly id: string; readonly text: string; readonly warnings: readonly string[] }> {
  const target: ProbeTarget = parseTarget(line);
  const engine = new SnmpEngine({ clock: options.clock });
  try {
    const { objects, warnings } = await recordDevice(
      engine.session(target, target.snmp),
      secretsOf(target.snmp),
      { signal: options.signal, maxMilliseconds: options.maxMilliseconds ?? MOST_MILLISECONDS },
    );
    const lines = objects.flatMap((object) => recordingLine(object) ?? []);
    return { id: target.id, text: lines.map((it) => `${it}\n`).join(''), warnings };
  } finally {
    await engine.close();
  }
}

/** `public` is no secret, and a word that devices use of themselves. */
function secretsOf(credential: SnmpCredential): string[] {
  const all =
    credential.version === '3'
      ? [credential.user, credential.authPassword, credential.privPassword]
      : [credential.community];
  return all.filter((it): it is string => it !== undefined && it !== 'public');
}
