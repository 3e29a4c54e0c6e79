import { isIP } from 'node:net';
import { ValidationError } from '@dotmac/schema';

/** The realm of a login name (RFC 7542 §2.2: after the last @), in lower case; null without one. */
export function realmOf(username: string): string | null {
  const at = username.lastIndexOf('@');
  return at < 0 || at === username.length - 1 ? null : username.slice(at + 1).toLowerCase();
}

/** The name before the realm. */
export function withoutRealm(username: string): string {
  const at = username.lastIndexOf('@');
  return at <= 0 ? username : username.slice(0, at);
}

/** @throws ValidationError saying what would be right. */
export function checkRealm(name: string): string {
  const realm = name.trim().toLowerCase();
  // RFC 7542 §2.2: labels of letters, digits and hyphens, of any script.
  if (
    !/^[\p{L}\p{N}]([\p{L}\p{N}-]*[\p{L}\p{N}])?(\.[\p{L}\p{N}]([\p{L}\p{N}-]*[\p{L}\p{N}])?)*$/u.test(
      realm,
    ) ||
    realm.length > 253
  )
    throw new ValidationError(
      'input.name',
      `"${name}" is no realm; right would be partner.example, without the @`,
    );
  return realm;
}

export interface WantedServer {
  readonly host: string;
  readonly authPort: number;
  readonly acctPort: number | null;
}

/** @throws ValidationError naming the server. */
export function checkServer({ host, authPort, acctPort }: WantedServer, index: number): void {
  const field = `input.servers.${index}`;
  if (isIP(host) === 0) throw new ValidationError(`${field}.host`, `"${host}" is no IP address`);
  for (const port of [authPort, acctPort ?? 1])
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
      throw new ValidationError(field, 'A port lies between 1 and 65535');
}
