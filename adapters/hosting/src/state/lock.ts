import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, HostingError } from '../error.ts';
import { identify, isRunning, type ProcessIdentity } from '../process/process-identity.ts';
import { readJson } from './json-file.ts';

/**
 * One supervisor per state folder. The lock of a supervisor that died is taken over. Gives the release.
 * @throws HostingError `STATE_FOLDER_IN_USE`
 */
export function lockState(root: string): () => void {
  const path = join(root, 'supervisor.json');
  const self = identify(process.pid);
  const holder = readJson<ProcessIdentity>(path);
  if (holder !== undefined && isRunning(holder)) throw inUse(root, holder.pid);
  rmSync(path, { force: true });
  try {
    writeFileSync(path, JSON.stringify(self), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw inUse(root, readJson<ProcessIdentity>(path)?.pid);
    throw error;
  }
  return () => rmSync(path, { force: true });
}

function inUse(root: string, pid: number | undefined): HostingError {
  return new HostingError(
    'STATE_FOLDER_IN_USE',
    `The state in ${root} is in use by process ${pid ?? 'unknown'}. Stop that one, or set DOTMAC_HOME to another folder.`,
  );
}
