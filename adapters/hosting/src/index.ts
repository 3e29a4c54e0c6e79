/**
 * Where tenants run and where their data lives. `port.ts` is what callers program against (import it alone as
 * `@dotmac/hosting/port`); `openProcessHosting` is the driver that needs nothing but this machine: a child process
 * and a PostgreSQL server per tenant. `startTestPostgres` gives tests a real server in well under a second.
 */
export { serverAccount } from './account.ts';
export { HostingError, type HostingErrorCode } from './error.ts';
export { openProcessHosting, type ProcessHosting, type ProcessHostingOptions } from './hosting.ts';
export * from './port.ts';
export { installBinaries, type PostgresBinaries } from './postgres/binaries.ts';
export { type PostgresOptions, type PostgresServer, startPostgres } from './postgres/server.ts';
export {
  copyFromTemplate,
  createPasswords,
  createTemplate,
  type DatabasePasswords,
  type Template,
  type TemplateOptions,
} from './postgres/template.ts';
export { startTestPostgres, type TestPostgres } from './postgres/test-postgres.ts';
export { isTraversable } from './state/paths.ts';
export { waitUntil, waitUntilReady } from './wait-until.ts';
