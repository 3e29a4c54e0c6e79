import { lstatSync, mkdirSync } from 'node:fs';
import { HostingError } from './error.ts';

/**
 * Creates a directory below a world-writable one, or accepts the one that is there when it is ours alone:
 * otherwise another user could plant programs or sockets in it. Others may pass through, not look.
 * @throws HostingError `STATE_FOLDER_UNWRITABLE`
 */
export function openPrivateDirectory(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o711 });
  const found = lstatSync(path);
  const owner = process.geteuid?.() ?? found.uid;
  if (!found.isDirectory() || found.uid !== owner || (found.mode & 0o022) !== 0) {
    throw new HostingError(
      'STATE_FOLDER_UNWRITABLE',
      `${path} exists but is not a directory that only this user may write. Remove it.`,
    );
  }
  return path;
}
