/**
 * The history of the two databases: SQL files in `common/`, `tenant/` and `platform/`, numbered and forward only.
 * `tenant-types.ts` and `platform-types.ts` are generated from the result by `pnpm types`.
 */
export { type DatabaseKind, type MigrateOptions, migrate, schemaVersion } from './migrate.ts';
export type { DB as PlatformDatabase } from './platform-types.ts';
export type { DB as TenantDatabase } from './tenant-types.ts';
