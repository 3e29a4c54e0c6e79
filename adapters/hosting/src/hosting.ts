import { type Clock, systemClock } from '@dotmac/device';
import { writingState } from './error.ts';
import type { HostingContext } from './hosting-context.ts';
import type { FindTombstone, Migrate, ResolveSecret, TenantDatabase, TenantRuntime } from './port.ts';
import { openEmbeddedDatabase } from './postgres/embedded-database.ts';
import { openSharedDatabase } from './postgres/shared-database.ts';
import { openProcessRuntime } from './process/process-runtime.ts';
import { lockState } from './state/lock.ts';
import { openPaths } from './state/paths.ts';

export interface ProcessHostingOptions {
  /** The state folder (`DOTMAC_HOME`). */
  readonly home: string;
  /** Label of what this installation creates; by default one per state folder. */
  readonly owner?: string;
  readonly clock?: Clock;
  /** Compact mode on a server of the operator (`DATABASE_URL`); by default an embedded server per tenant. */
  readonly databaseUrl?: string | undefined;
  readonly migrate: Migrate;
  readonly resolveSecret: ResolveSecret;
  readonly findTombstone: FindTombstone;
  /** Folder that only this user writes, as `NODE_COMPILE_CACHE` of a process that runs the workloads' code. */
  readonly codeCacheSeed?: string;
  /** Told of failures that supervision survives, for the log. */
  onProblem(error: unknown): void;
}

/** Both ports over child processes of this machine. */
export interface ProcessHosting extends AsyncDisposable {
  readonly runtime: TenantRuntime;
  readonly database: TenantDatabase;
  /** Where the files lie: `home`, unless other accounts cannot reach it. */
  readonly root: string;
  /**
   * Starts the workloads that should run and have ended. A step of its own, since their secrets may lie in a
   * database that opening has only just started.
   */
  resume(): Promise<void>;
  /** Ends supervision; workloads and databases run on, to be adopted by the next `openProcessHosting`. */
  release(): Promise<void>;
  /**
   * Stops everything in order, workloads before databases, and ends supervision. What was meant to run starts
   * again with the next `openProcessHosting` (databases) and `resume` (workloads).
   */
  shutDown(): Promise<void>;
}

/**
 * Opens the state folder: adopts what an earlier supervisor left running there, and starts the databases that
 * should run and do not. `resume` then starts the workloads. One supervisor per folder.
 * @throws HostingError `STATE_FOLDER_IN_USE`, `STATE_FOLDER_UNWRITABLE`, `STATE_FOLDER_FULL`, `CREATEDB_MISSING`,
 * `DATABASE_FAILED`
 */
export async function openProcessHosting(options: ProcessHostingOptions): Promise<ProcessHosting> {
  return writingState(options.home, async () => {
    const paths = openPaths(options.home);
    const unlock = lockState(paths.root);
    const context: HostingContext = {
      ...options,
      paths,
      owner: options.owner ?? `dotmac-${paths.key}`,
      clock: options.clock ?? systemClock,
    };
    const { runtime, database } = await openDrivers(context, options.databaseUrl).catch((error) => {
      unlock();
      throw error;
    });
    const release = async () => {
      await runtime.release();
      await database.release();
      unlock();
    };
    return {
      runtime,
      database,
      root: paths.root,
      resume: () => runtime.resume(),
      release,
      async shutDown() {
        await runtime.suspendAll();
        await database.suspendAll();
        unlock();
      },
      [Symbol.asyncDispose]: release,
    };
  });
}

async function openDrivers(context: HostingContext, databaseUrl: string | undefined) {
  const database =
    databaseUrl === undefined
      ? await openEmbeddedDatabase(context)
      : await openSharedDatabase(context, databaseUrl);
  return { database, runtime: await openProcessRuntime(context) };
}
