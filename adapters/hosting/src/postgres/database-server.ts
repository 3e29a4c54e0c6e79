import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '@dotmac/device';
import type { Account } from '../account.ts';
import { backoffMs, STABLE_MS } from '../backoff.ts';
import { errnoOf } from '../error.ts';
import type { DatabaseRole, DatabaseSpec, DatabaseStatus, SizeClass } from '../port.ts';
import { readJson, writeJson } from '../state/json-file.ts';
import type { PostgresBinaries } from './binaries.ts';
import { socketConnectionString } from './connection-string.ts';
import { APPLICATION_ROLE, GATEWAY_ROLE, OWNER_ROLE } from './roles.ts';
import { type PostgresServer, runningPostmaster, startPostgres, stopPostgres } from './server.ts';
import type { DatabasePasswords } from './template.ts';

const SHARED_BUFFERS: Readonly<Record<SizeClass, string>> = { S: '16MB', M: '32MB', L: '64MB', XL: '128MB' };

const roleNames: Readonly<Record<DatabaseRole, string>> = {
  owner: OWNER_ROLE,
  application: APPLICATION_ROLE,
  gateway: GATEWAY_ROLE,
};

/** What a tenant's database folder remembers. Holds passwords: mode 0600, ours. */
export interface DatabaseRecord {
  readonly owner: string;
  readonly spec: DatabaseSpec;
  /** Name of the folder with the data. */
  readonly instance: string;
  /** False until the data was copied: from then on its absence is an incident, never a reason to create it. */
  readonly created: boolean;
  readonly desired: 'RUNNING' | 'STOPPED';
  readonly passwords: DatabasePasswords;
  readonly restarts: number;
}

export interface DatabaseServerContext {
  readonly directory: string;
  readonly socketDirectory: string;
  readonly account: Account | undefined;
  readonly clock: Clock;
  epoch(): number;
  problem(error: unknown): void;
}

const recordFile = (directory: string) => join(directory, 'database.json');

/** The record in a tenant's database folder, if there is one. */
export function readDatabaseRecord(directory: string): DatabaseRecord | undefined {
  return readJson<DatabaseRecord>(recordFile(directory));
}

/** A tenant's PostgreSQL server under supervision: started or adopted, started again after a crash. */
export class DatabaseServer {
  readonly #context: DatabaseServerContext;
  #record: DatabaseRecord;
  #server: PostgresServer | undefined;
  #supervision: AbortController | undefined;
  #loop: Promise<void> = Promise.resolve();

  constructor(context: DatabaseServerContext, record: DatabaseRecord) {
    this.#context = context;
    this.#record = record;
  }

  get record(): DatabaseRecord {
    return this.#record;
  }

  get dataDirectory(): string {
    return join(this.#context.directory, this.#record.instance, 'data');
  }

  status(): DatabaseStatus {
    const { spec, instance, restarts, desired } = this.#record;
    return {
      tenant: spec.tenant,
      database: spec.database,
      state: this.#server?.isRunning() ? 'READY' : desired === 'RUNNING' ? 'STARTING' : 'STOPPED',
      instance,
      schemaVersion: spec.schemaVersion,
      epoch: this.#context.epoch(),
      restarts,
      ...(this.#server && { pid: this.#server.identity.pid }),
    };
  }

  connectionString(role: DatabaseRole): string {
    const { spec, passwords } = this.#record;
    return socketConnectionString(this.#context.socketDirectory, spec.database, {
      user: roleNames[role],
      password: passwords[role],
    });
  }

  /** Writes the record through, so that a crash after it finds the new one. */
  remember(part: Partial<DatabaseRecord>): void {
    this.#record = { ...this.#record, ...part };
    mkdirSync(join(this.#context.directory, this.#record.instance), { recursive: true, mode: 0o711 });
    writeJson(recordFile(this.#context.directory), this.#record);
  }

  /** Serves when this returns. A first start that fails is the caller's error; later ones are tried again. */
  async start(binaries: PostgresBinaries): Promise<void> {
    if (this.#supervision === undefined) {
      this.remember({ desired: 'RUNNING' });
      this.#server = await this.#startServer(binaries);
      this.#supervision = new AbortController();
      this.#loop = this.#supervise(binaries, this.#supervision.signal);
    }
  }

  async stop(): Promise<void> {
    this.remember({ desired: 'STOPPED' });
    await this.suspend();
  }

  /** As `stop`, but the next supervisor starts it again. */
  async suspend(): Promise<void> {
    await this.release();
    if (runningPostmaster(this.dataDirectory) !== undefined) await stopPostgres(this.dataDirectory);
    this.#server = undefined;
  }

  /** Ends supervision, not the server: a later supervisor adopts it. */
  async release(): Promise<void> {
    this.#supervision?.abort();
    this.#supervision = undefined;
    await this.#loop;
  }

  #startServer(binaries: PostgresBinaries): Promise<PostgresServer> {
    const { socketDirectory, account, directory } = this.#context;
    return startPostgres({
      binaries,
      dataDirectory: this.dataDirectory,
      socketDirectory,
      logFile: join(directory, this.#record.instance, 'postgres.log'),
      account,
      settings: { shared_buffers: SHARED_BUFFERS[this.#record.spec.sizeClass] },
    });
  }

  async #supervise(binaries: PostgresBinaries, signal: AbortSignal): Promise<void> {
    let inARow = 0;
    while (!signal.aborted) {
      const since = this.#context.clock.now();
      await this.#server?.ended(signal);
      if (signal.aborted) return;
      this.#server = undefined;
      inARow = this.#context.clock.now() - since >= STABLE_MS ? 1 : inARow + 1;
      try {
        this.remember({ restarts: this.#record.restarts + 1 });
        // The first attempt is made at once: nothing of the tenant works without its database.
        if (inARow > 1) await delay(backoffMs(inARow - 1), undefined, { signal });
        this.#server = await this.#startServer(binaries);
      } catch (error) {
        if (errnoOf(error) !== 'ABORT_ERR') this.#context.problem(error);
      }
    }
  }
}
