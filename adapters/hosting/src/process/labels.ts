import { readdirSync, readFileSync } from 'node:fs';
import { errnoOf } from '../error.ts';
import { specHash, type WorkloadRef, type WorkloadSpec } from '../port.ts';
import { identify, type ProcessIdentity } from './process-identity.ts';

/** The labels of a process are in its environment, where they survive everything but its end. */
export function labelsOf(owner: string, spec: WorkloadSpec) {
  const { tenant, component, generation } = spec;
  return {
    DOTMAC_OWNER: owner,
    DOTMAC_TENANT: tenant,
    DOTMAC_COMPONENT: component,
    DOTMAC_GENERATION: String(generation),
    DOTMAC_SPEC_HASH: specHash(spec),
  };
}

export interface LabelledProcess extends WorkloadRef {
  readonly identity: ProcessIdentity;
  readonly specHash: string;
}

/**
 * Living process group leaders that carry our owner label. Finds what a supervisor launched and did not live
 * to note down. Linux only; elsewhere none are found.
 */
export function findLabelled(owner: string): LabelledProcess[] {
  if (process.platform !== 'linux') return [];
  const found: LabelledProcess[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const labels = environmentOf(name);
    if (labels?.get('DOTMAC_OWNER') !== owner || processGroup(name) !== name) continue;
    const identity = identify(Number(name));
    const [tenant, component] = [labels.get('DOTMAC_TENANT'), labels.get('DOTMAC_COMPONENT')];
    if (identity === undefined || tenant === undefined || component === undefined) continue;
    found.push({
      tenant,
      component,
      generation: Number(labels.get('DOTMAC_GENERATION')),
      identity,
      specHash: labels.get('DOTMAC_SPEC_HASH') ?? '',
    });
  }
  return found;
}

function environmentOf(pid: string): Map<string, string> | undefined {
  const text = readProc(`/proc/${pid}/environ`);
  if (text === undefined || !text.includes('DOTMAC_OWNER=')) return undefined;
  return new Map(
    text.split('\0').map((entry) => {
      const at = entry.indexOf('=');
      return [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}

function processGroup(pid: string): string | undefined {
  const stat = readProc(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[2];
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const errno = errnoOf(error);
    // Gone meanwhile, or another user's: not ours.
    if (errno === 'ENOENT' || errno === 'ESRCH' || errno === 'EACCES' || errno === 'EPERM') return undefined;
    throw error;
  }
}
