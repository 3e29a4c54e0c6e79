import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMissing } from '../secrets/file-secrets.ts';

/** What the control plane knows and a gateway beside it needs. */
export interface Handover {
  readonly pid: number;
  readonly origin: string;
  readonly databaseUrl: string;
  readonly signingKey: { readonly id: string; readonly privatePem: string };
}

const folderOf = (home: string) => join(home, 'secrets', 'gateway');

/** Written when the control plane serves, whole or not at all. Every file is for this user only. */
export function writeHandover(home: string, handover: Handover): void {
  const folder = folderOf(home);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const url = new URL(handover.databaseUrl);
  const password = decodeURIComponent(url.password);
  url.password = '';
  write(join(folder, 'key.pem'), handover.signingKey.privatePem);
  write(join(folder, 'database-password'), password);
  const { pid, origin, signingKey } = handover;
  write(
    join(folder, 'handover.json'),
    JSON.stringify({ pid, origin, databaseUrl: url.toString(), keyId: signingKey.id }),
  );
}

function write(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600, flush: true });
  renameSync(`${file}.new`, file);
}

/** The environment of a gateway, or null while the control plane with this process id has not handed over. */
export function gatewayEnvironment(home: string, pid: number | undefined): Record<string, string> | null {
  const folder = folderOf(home);
  try {
    const handover = JSON.parse(readFileSync(join(folder, 'handover.json'), 'utf8')) as Record<
      'origin' | 'databaseUrl' | 'keyId',
      string
    > & { pid: number };
    if (handover.pid !== pid) return null;
    return {
      DOTMAC_PLATFORM_DATABASE_URL: handover.databaseUrl,
      DOTMAC_PLATFORM_DATABASE_PASSWORD_FILE: join(folder, 'database-password'),
      DOTMAC_GATEWAY_KEY_FILE: join(folder, 'key.pem'),
      DOTMAC_GATEWAY_KEY_ID: handover.keyId,
      DOTMAC_CONTROL_PLANE_ORIGIN: handover.origin,
      DOTMAC_GATEWAY_STATE_FILE: join(folder, 'registry.json'),
    };
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}
