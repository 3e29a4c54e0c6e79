import { connectionSettings, type Logger } from '@dotmac/platform';
import { Client } from 'pg';
import type { OperationBatch } from '../operation/operation-records.ts';
import { readRegistry, readTrustedDocument, writeKeyUse } from './read.ts';
import { writeOperations } from './record.ts';
import { emptyRegistryData, indexRegistry, type RegistryData, type RegistrySnapshot } from './snapshot.ts';
import { readStateFile, writeStateFile } from './state-file.ts';

export interface RegistryOptions {
  /** Role `dotmac_gateway` of the platform database. */
  readonly connectionString: string;
  readonly password?: string | undefined;
  /** Where the registry is kept for the next start; without it a start needs the database. */
  readonly stateFile?: string | undefined;
  readonly logger: Logger;
  /** The registry is read again this often even when no notification comes. */
  readonly pollMilliseconds?: number | undefined;
}

interface DocumentOwner {
  readonly tenantId: string | null;
  readonly partnerId: string | null;
}

/** Routes, keys and memberships in memory, kept fresh; serves on when the database is away. */
export interface Registry {
  /** What holds now. A new object after every change. */
  current(): RegistrySnapshot;
  /** Calls `listener` after every change; returns what ends that. */
  onChange(listener: () => void): () => void;
  /**
   * The text of a document that this tenant or partner registered; null when there is none.
   * @throws Error when the database does not answer.
   */
  trustedDocument(id: string, owner: DocumentOwner): Promise<string | null>;
  /** Writes when keys were last used: milliseconds since the epoch by key id. @throws Error as above. */
  keysUsed(usedAt: ReadonlyMap<string, number>): Promise<void>;
  /** Records which operations keys run. @throws Error as above. */
  operationsUsed(batch: OperationBatch): Promise<void>;
  /** Whether it is connected to the database: if not, what it serves may be old. */
  connected(): boolean;
  stop(): Promise<void>;
}

const defaultPollMilliseconds = 10_000;
const connectTimeoutMilliseconds = 3_000;
const firstRetryMilliseconds = 100;
const longestRetryMilliseconds = 5_000;

/**
 * Starts the registry: from the database if it answers, else from the state file.
 * @throws Error when neither is there.
 */
export async function startRegistry(options: RegistryOptions): Promise<Registry> {
  const registry = new DatabaseRegistry(options);
  await registry.start();
  return registry;
}

class DatabaseRegistry implements Registry {
  readonly #options: RegistryOptions;
  readonly #stopping = new AbortController();
  readonly #listeners = new Set<() => void>();
  #snapshot: RegistrySnapshot = indexRegistry(emptyRegistryData, () => undefined);
  /** The text of what is served, to notice whether anything changed. */
  #text = '';
  #client: Client | undefined;
  #running: Promise<void> = Promise.resolve();
  /** Ends the pause that is under way. */
  #wake: () => void = () => undefined;
  #news = false;
  /** Settles when the read that is under way has ended. */
  #reading: Promise<void> = Promise.resolve();

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  current(): RegistrySnapshot {
    return this.#snapshot;
  }

  connected(): boolean {
    return this.#client !== undefined;
  }

  trustedDocument(id: string, owner: DocumentOwner): Promise<string | null> {
    return this.#withClient((client) => readTrustedDocument(client, id, owner));
  }

  keysUsed(usedAt: ReadonlyMap<string, number>): Promise<void> {
    return this.#withClient((client) => writeKeyUse(client, usedAt));
  }

  operationsUsed(batch: OperationBatch): Promise<void> {
    return this.#withClient((client) => writeOperations(client, batch));
  }

  async #withClient<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = this.#client;
    if (client === undefined) throw new Error('The platform database does not answer');
    // Not while the registry is being read: that is a transaction, and a read-only one.
    await this.#reading;
    return work(client);
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async start(): Promise<void> {
    const { stateFile, logger } = this.#options;
    try {
      await this.#refresh();
    } catch (error) {
      await this.#disconnect();
      const kept = stateFile === undefined ? null : await readStateFile(stateFile);
      if (kept === null) {
        throw new Error('The platform database does not answer and no earlier state is kept', {
          cause: error,
        });
      }
      logger.warn({ error }, 'the platform database does not answer; serving with the state of the last run');
      this.#install(kept);
    }
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake();
    await this.#running;
    await this.#disconnect();
  }

  async #run(): Promise<void> {
    const { logger, pollMilliseconds = defaultPollMilliseconds } = this.#options;
    let retry = firstRetryMilliseconds;
    let reported = false;
    while (!this.#stopping.signal.aborted) {
      if (this.#client !== undefined && !this.#news) await this.#pause(pollMilliseconds);
      if (this.#stopping.signal.aborted) return;
      try {
        await this.#refresh();
        retry = firstRetryMilliseconds;
        if (reported) logger.info('the platform database answers again');
        reported = false;
      } catch (error) {
        await this.#disconnect();
        if (!reported) logger.warn({ error }, 'the platform database is away; serving from memory');
        reported = true;
        await this.#pause(retry);
        retry = Math.min(retry * 2, longestRetryMilliseconds);
      }
    }
  }

  /** Reads all anew, over the connection that listens, so that nothing falls between the two. */
  async #refresh(): Promise<void> {
    const client = this.#client ?? (await this.#connect());
    this.#news = false;
    const reading = readRegistry(client);
    this.#reading = reading.then(
      () => undefined,
      () => undefined,
    );
    const data = await reading;
    if (this.#stopping.signal.aborted || !this.#install(data)) return;
    const { stateFile, logger } = this.#options;
    if (stateFile === undefined) return;
    try {
      await writeStateFile(stateFile, data);
    } catch (error) {
      logger.error(
        { error, stateFile },
        'the state file cannot be written; a restart will need the database',
      );
    }
  }

  async #connect(): Promise<Client> {
    const { connectionString, password, logger } = this.#options;
    const client = new Client({
      ...connectionSettings({
        connectionString,
        ...(password === undefined ? {} : { password }),
        applicationName: 'dotmac gateway',
        onConnectionError: () => undefined,
      }),
      connectionTimeoutMillis: connectTimeoutMilliseconds,
      query_timeout: 10_000,
      keepAlive: true,
    });
    // A broken connection makes the loop open another; the next refresh reports what is wrong.
    const lost = (error?: Error) => {
      if (this.#client !== client) return;
      if (error !== undefined) logger.debug({ error }, 'the connection to the platform database broke');
      this.#client = undefined;
      this.#news = true;
      this.#wake();
    };
    client.on('error', lost);
    client.on('end', () => lost());
    client.on('notification', () => {
      this.#news = true;
      this.#wake();
    });
    try {
      await client.connect();
      await client.query('listen dotmac_routing');
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    this.#client = client;
    return client;
  }

  async #disconnect(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    // The connection may be dead already; what its end reports no longer matters.
    await client?.end().catch(() => undefined);
  }

  /** Whether anything changed. */
  #install(data: RegistryData): boolean {
    const text = JSON.stringify(data);
    if (text === this.#text) return false;
    this.#text = text;
    this.#snapshot = indexRegistry(data, (keyId, error) =>
      this.#options.logger.error(
        { error, keyId },
        'a verification key cannot be read; its tokens are refused',
      ),
    );
    for (const listener of this.#listeners) listener();
    return true;
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, milliseconds);
      function done() {
        clearTimeout(timer);
        resolve();
      }
      this.#wake = done;
      if (this.#stopping.signal.aborted) done();
    });
  }
}
