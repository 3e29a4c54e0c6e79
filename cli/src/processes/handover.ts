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

/** What `start` makes of it. It stays when the control plane ends, and holds again when that comes back unchanged. */
export interface GatewaySettings {
  /** The control plane that wrote it. */
  readonly pid: number;
  /** Where that listened. */
  readonly controlPort: number;
  /** Environment of the gateway. */
  readonly environment: Readonly<Record<string, string>>;
  /** Contents of the files that the environment names. */
  readonly secrets: readonly string[];
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

/** The settings of a gateway, or null when no control plane has ever handed over. */
export function readHandover(home: string): GatewaySettings | null {
  const folder = folderOf(home);
  const [key, password] = [join(folder, 'key.pem'), join(folder, 'database-password')];
  try {
    const handover = JSON.parse(readFileSync(join(folder, 'handover.json'), 'utf8')) as Record<
      'origin' | 'databaseUrl' | 'keyId',
      string
    > & { pid: number };
    return {
      pid: handover.pid,
      controlPort: Number(new URL(handover.origin).port),
      environment: {
        DOTMAC_PLATFORM_DATABASE_URL: handover.databaseUrl,
        DOTMAC_PLATFORM_DATABASE_PASSWORD_FILE: password,
        DOTMAC_GATEWAY_KEY_FILE: key,
        DOTMAC_GATEWAY_KEY_ID: handover.keyId,
        DOTMAC_CONTROL_PLANE_ORIGIN: handover.origin,
        DOTMAC_GATEWAY_STATE_FILE: gatewayStateFile(home),
      },
      secrets: [readFileSync(key, 'utf8'), readFileSync(password, 'utf8')],
    };
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** Where the gateway keeps what it knows of tenants: with it, it starts without the control plane. */
export function gatewayStateFile(home: string): string {
  return join(folderOf(home), 'registry.json');
}
