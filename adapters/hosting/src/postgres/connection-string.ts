/** The number in the socket's file name; no TCP port is opened. */
export const SOCKET_PORT = 5432;

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/**
 * A `postgres://` URL for a server on a unix socket. The `host` parameter names the socket directory: pg,
 * kysely-codegen and libpq all read it so, and the URL still parses as a URL.
 */
export function socketConnectionString(
  socketDirectory: string,
  database: string,
  { user, password }: Credentials,
): string {
  const url = new URL(`postgres://localhost:${SOCKET_PORT}/${encodeURIComponent(database)}`);
  url.username = encodeURIComponent(user);
  url.password = encodeURIComponent(password);
  url.searchParams.set('host', socketDirectory);
  return url.href;
}
