/**
 * Where a tenant runs, and where its data lives: two ports without policy. The control plane decides what should
 * be; a driver makes it so, and says what is. Every call is idempotent, so that a caller that was killed at any
 * step simply calls again.
 */
import { createHash } from 'node:crypto';

export { HostingError, type HostingErrorCode } from './error.ts';

/** Lower-case letters, digits and hyphens, 1 to 40 characters, beginning with a letter. */
export type TenantId = string;

/** Lease epoch from the control database, raised at every take-over. A driver refuses one older than it has seen. */
export interface Fence {
  readonly epoch: number;
}

export type TombstoneId = string;

/** Permission to destroy: written by the control plane after a final proven backup. No driver invents one. */
export interface Tombstone {
  readonly id: TombstoneId;
  readonly tenant: TenantId;
  /** Milliseconds since the epoch; a driver refuses to destroy earlier. */
  readonly purgeAfter: number;
}

/** Looks a tombstone up where the control plane keeps them; undefined when there is none of that name. */
export type FindTombstone = (id: TombstoneId) => Promise<Tombstone | undefined>;

export type SizeClass = 'S' | 'M' | 'L' | 'XL';

/** A secret by name *and version*: a new version is a new spec hash, so a rotation is visible. */
export interface SecretReference {
  readonly name: string;
  readonly version: string;
}

/** Fetches a secret's value when a workload is started. Drivers hand it over as a file, never in the environment. */
export type ResolveSecret = (tenant: TenantId, reference: SecretReference) => Promise<string>;

/** A port the workload opens itself, beside the HTTP socket that the driver chooses. */
export interface WorkloadPort {
  /** Lower-case words joined by hyphens, for example `radius-auth`. */
  readonly name: string;
  readonly protocol: 'tcp' | 'udp';
  readonly host: string;
  readonly port: number;
}

export interface WorkloadRef {
  readonly tenant: TenantId;
  readonly component: string;
  readonly generation: number;
}

/**
 * What should run. One generation is immutable: any change is a new generation, started beside the old one.
 *
 * The workload finds in its environment: `DOTMAC_LISTEN` (`unix:/path`, where it serves HTTP), `DOTMAC_SECRETS`
 * (folder with a file per secret), `DOTMAC_STATE` (folder that all generations of a component share), `DOTMAC_TENANT`, `DOTMAC_COMPONENT`, `DOTMAC_GENERATION`, `DOTMAC_RELEASE`,
 * and one `DOTMAC_PORT_<NAME>` (`udp:host:port`) per port; beside them only `environment`.
 */
export interface WorkloadSpec extends WorkloadRef {
  /** Digest or version of the code. */
  readonly release: string;
  readonly sizeClass: SizeClass;
  /** Executable (absolute path) and arguments. */
  readonly command: readonly [string, ...string[]];
  /** Must hold no secret. */
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: readonly SecretReference[];
  readonly ports: readonly WorkloadPort[];
  readonly health: HealthCheck;
  readonly limits: { readonly memoryBytes: number };
  /** From SIGTERM to SIGKILL. */
  readonly gracePeriodMs: number;
}

export interface HealthCheck {
  /** Answers 2xx while the process lives; repeated failure restarts it. For example `/health/live`. */
  readonly livePath: string;
  /** Answers 2xx when it may receive requests. For example `/health/ready`. */
  readonly readyPath: string;
  /** A start that is not ready by then is killed and tried again. */
  readonly startDeadlineMs: number;
  readonly intervalMs: number;
}

/**
 * STARTING: launched, never ready yet. READY. UNREADY: was ready, its probe fails now. BACKOFF: ended, will be
 * started again. DRAINING: leaves the route, finishes its requests. STOPPED: ended as asked, data kept.
 */
export type WorkloadState = 'STARTING' | 'READY' | 'UNREADY' | 'BACKOFF' | 'DRAINING' | 'STOPPED';

export interface Exit {
  readonly at: number;
  readonly code: number | null;
  readonly signal: string | null;
  /** Why, when it was not the process itself that ended: a failed launch, a missed deadline. */
  readonly reason?: string;
}

export interface Observed extends WorkloadRef {
  readonly state: WorkloadState;
  readonly release: string;
  readonly specHash: string;
  readonly epoch: number;
  /** How often it was started again without being asked to. */
  readonly restarts: number;
  readonly lastExit?: Exit;
  readonly pid?: number;
}

export interface RuntimeEvent {
  readonly kind: 'CHANGED' | 'REMOVED';
  readonly observed: Observed;
}

export type Endpoint =
  | { readonly name: string; readonly kind: 'unix'; readonly path: string }
  | { readonly name: string; readonly kind: 'tcp' | 'udp'; readonly host: string; readonly port: number };

export interface LogLine extends WorkloadRef {
  /** Milliseconds since the epoch, when the line itself says it (`time`). */
  readonly at?: number;
  readonly text: string;
}

/** Probed facts, shown to the operator and obeyed. */
export interface RuntimeCapabilities {
  /** `user`: all tenants under one account. `uid`: an account per tenant, which is *not* a container. */
  readonly isolation: 'user' | 'uid' | 'container' | 'namespace';
  readonly memoryLimit: boolean;
  readonly liveResize: boolean;
  readonly sourceIpPreserved: boolean;
  readonly networkPolicy: boolean;
  /** Whether a crashed workload comes back without the control plane. */
  readonly restartsAlone: boolean;
  readonly multiHost: boolean;
}

/** Runs workloads. Errors are `HostingError`. */
export interface TenantRuntime {
  readonly kind: 'process' | 'container' | 'kubernetes';
  capabilities(): Promise<RuntimeCapabilities>;
  /**
   * Makes a generation run. Idempotent; returns once launched, not once ready (see `waitUntilReady`).
   * @throws `FENCED`, `SPEC_INVALID`, `GENERATION_CONFLICT` (same generation, other spec), `STATE_FOLDER_*`
   */
  ensure(spec: WorkloadSpec, fence: Fence): Promise<Observed>;
  observe(tenant: TenantId): Promise<Observed[]>;
  /** Everything with our owner label, whether or not anybody still wants it: the orphan sweep's view. */
  list(): AsyncIterable<Observed>;
  /** Changes as they happen. A hint only: read again in full from time to time. */
  watch(signal: AbortSignal): AsyncIterable<RuntimeEvent>;
  /** Where the newest ready generation of a component answers; empty when none is ready. */
  route(tenant: TenantId, component: string): Promise<Endpoint[]>;
  /** Takes it off the route, lets it finish, ends it by the deadline. Keeps data. @throws `FENCED`, `NOT_FOUND` */
  drain(ref: WorkloadRef, fence: Fence, deadlineMs: number): Promise<void>;
  /** Ends it within its grace period. Keeps data. @throws `FENCED`, `NOT_FOUND` */
  stop(ref: WorkloadRef, fence: Fence): Promise<void>;
  /** Ends it and removes its files. Gone already is success. @throws `FENCED`, `TOMBSTONE_REFUSED` */
  destroy(ref: WorkloadRef, fence: Fence, tombstone: TombstoneId): Promise<void>;
  /** Oldest first. Ends at the present unless `follow`; leave the loop to stop following. @throws `NOT_FOUND` */
  logs(ref: WorkloadRef, options: { since?: Date; follow?: boolean }): AsyncIterable<LogLine>;
}

export interface DatabaseSpec {
  readonly tenant: TenantId;
  /** Which set of migrations: the driver only hands it to the migrator. For example `tenant` or `platform`. */
  readonly kind: string;
  /** For example `dotmac_t_alpha`. */
  readonly database: string;
  readonly release: string;
  readonly schemaVersion: string;
  readonly sizeClass: SizeClass;
}

export interface DatabaseStatus {
  readonly tenant: TenantId;
  readonly database: string;
  readonly state: 'READY' | 'STARTING' | 'STOPPED';
  /** Of this copy of the data: a restore is a new instance. */
  readonly instance: string;
  readonly schemaVersion: string;
  readonly epoch: number;
  readonly restarts: number;
  readonly pid?: number;
}

/**
 * `owner` migrates; `application` reads and writes rows, without DDL; `gateway` may connect and has only what a
 * migration grants it by name.
 */
export type DatabaseRole = 'owner' | 'application' | 'gateway';

/** Brings a database of a kind to a schema version, connected as the owner. Idempotent. */
export type Migrate = (kind: string, connectionString: string, schemaVersion: string) => Promise<void>;

export interface TenantDatabase {
  readonly kind: 'server' | 'shared';
  capabilities(): Promise<{ readonly isolation: 'server' | 'database'; readonly restartsAlone: boolean }>;
  /**
   * Makes `connection` answer. The database itself appears with `ensure`, whole and at once, so that a workload may be
   * started before and wait; a driver that cannot promise that makes it exist here. Idempotent.
   * @throws as `ensure`
   */
  reserve(spec: DatabaseSpec, fence: Fence): Promise<void>;
  /**
   * Makes the database exist, migrated, and serve. Idempotent.
   * @throws `FENCED`, `DATA_MISSING` (it existed and its data is gone: never re-created empty), `START_*`,
   * `STATE_FOLDER_*`, `CREATEDB_MISSING`
   */
  ensure(spec: DatabaseSpec, fence: Fence): Promise<DatabaseStatus>;
  status(tenant: TenantId): Promise<DatabaseStatus | undefined>;
  /** A connection string for a role. It holds a password: pass it on as a secret. @throws `NOT_FOUND` */
  connection(tenant: TenantId, role: DatabaseRole): Promise<string>;
  migrate(tenant: TenantId, schemaVersion: string, fence: Fence): Promise<DatabaseStatus>;
  /** Stops serving, keeps the data. @throws `FENCED`, `NOT_FOUND` */
  stop(tenant: TenantId, fence: Fence): Promise<void>;
  /** Removes the data. Gone already is success. @throws `FENCED`, `TOMBSTONE_REFUSED` */
  retire(tenant: TenantId, tombstone: TombstoneId, fence: Fence): Promise<void>;
}

/** SHA-256 (hex) of the canonical spec: keys sorted, so that the order of writing does not matter. */
export function specHash(spec: WorkloadSpec): string {
  return createHash('sha256').update(canonical(spec)).digest('hex');
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`);
  return `{${members.join(',')}}`;
}
