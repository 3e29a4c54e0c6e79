import pg from 'pg';
import { connectionSettings, type OpenOptions } from '../database/open.ts';

type Hearer = (payload: string) => void;

/** The log's own connection, for LISTEN alone. When it is lost, `connect` makes another that hears the same channels. */
export class Listener {
  readonly #connection: OpenOptions;
  readonly #onLost: () => void;
  readonly #hearers = new Map<string, Hearer>();
  #client: pg.Client | undefined;

  constructor(connection: OpenOptions, onLost: () => void) {
    this.#connection = connection;
    this.#onLost = onLost;
  }

  /** Without a connection, the next one begins with it. */
  async hear(channel: string, onTold: Hearer): Promise<void> {
    this.#hearers.set(channel, onTold);
    await this.#client?.query(`listen ${pg.escapeIdentifier(channel)}`);
  }

  /** Does nothing when there is a connection. */
  async connect(): Promise<void> {
    if (this.#client !== undefined) return;
    const client = new pg.Client(connectionSettings(this.#connection));
    client.on('error', () => void this.disconnect());
    client.on('end', () => void this.disconnect());
    client.on('notification', ({ channel, payload }) => this.#hearers.get(channel)?.(payload ?? ''));
    await client.connect();
    this.#client = client;
    for (const channel of this.#hearers.keys())
      await client.query(`listen ${client.escapeIdentifier(channel)}`);
  }

  async disconnect(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    this.#onLost();
    if (client === undefined) return;
    client.removeAllListeners();
    // The connection may be dead already; what its end reports no longer matters.
    client.on('error', () => undefined);
    await client.end().catch(() => undefined);
  }
}
