import { AsyncLocalStorage } from 'node:async_hooks';
import { connect } from 'node:net';
import pg from 'pg';

/** The statement was not sent, for nobody waits for its rows any more. */
export class AbandonedError extends Error {
  override readonly name = 'AbandonedError';
  constructor() {
    super('Nobody waits for this any more');
  }
}

/** Reading that may be given up: its statements are then cancelled in the database, and it sends no more. */
export class Reading {
  readonly #running = new Set<CancellableClient>();
  #abandoned = false;

  get abandoned(): boolean {
    return this.#abandoned;
  }

  abandon(): void {
    if (this.#abandoned) return;
    this.#abandoned = true;
    for (const client of this.#running) client.cancelRunning();
  }

  /** Runs `work`; what it reads from a database in the meantime belongs to this. */
  run<T>(work: () => T): T {
    return current.run(this, work);
  }

  began(client: CancellableClient): void {
    this.#running.add(client);
  }

  ended(client: CancellableClient): void {
    this.#running.delete(client);
  }
}

const current = new AsyncLocalStorage<Reading>();
const cancelRequestCode = 80_877_102;
const cancelMilliseconds = 5_000;
/** What ends a transaction must go through. */
const ending = /^\s*(?:rollback|commit)\b/i;

/** A connection whose statement is cancelled when the reading that it belongs to is given up. */
export class CancellableClient extends pg.Client {
  /** The cancellation that is on its way: a statement that came before it arrives would be hit in another's place. */
  #cancelling: Promise<void> | null = null;

  override query(...given: unknown[]): never {
    const reading = current.getStore();
    // A transaction begun by a reading ends on this connection, whoever it belongs to then.
    if (this.#cancelling !== null) return this.#cancelling.then(() => this.query(...given)) as never;
    // The driver's signature is a dozen overloads; what comes in goes on as it is.
    const send = () => (super.query as (...query: unknown[]) => unknown)(...given);
    if (reading === undefined || !isPlain(given)) return send() as never;
    if (reading.abandoned && !ending.test(textOf(given)))
      return Promise.reject(new AbandonedError()) as never;
    const result = send();
    if (!(result instanceof Promise)) return result as never;
    reading.began(this);
    const ended = () => reading.ended(this);
    result.then(ended, ended);
    return result as never;
  }

  /** Asks the server to cancel what runs here (protocol, "Canceling Requests in Progress"). */
  cancelRunning(): void {
    const { processID, secretKey, host, port } = this as unknown as Connected;
    if (this.#cancelling !== null || typeof secretKey !== 'number') return;
    this.#cancelling = new Promise<void>((resolve) => {
      const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
      const message = Buffer.alloc(16);
      message.writeInt32BE(16, 0);
      message.writeInt32BE(cancelRequestCode, 4);
      message.writeInt32BE(processID, 8);
      message.writeInt32BE(secretKey, 12);
      socket.setTimeout(cancelMilliseconds, () => socket.destroy());
      // The server closes when it has passed the request on. Without it the statement runs to its end, as it would have.
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#cancelling = null;
        resolve();
      });
      socket.on('connect', () => socket.write(message));
      socket.resume();
    });
  }
}

/** What the driver knows of a connection and its types do not say. */
interface Connected {
  readonly processID: number;
  readonly secretKey: number | null;
  readonly host: string;
  readonly port: number;
}

/** Text and values, answered by a promise: not a cursor, nor a callback. */
function isPlain(given: readonly unknown[]): boolean {
  return typeof given.at(-1) !== 'function' && (typeof given[0] === 'string' || isNamed(given[0]));
}

function isNamed(query: unknown): query is { readonly text: string } {
  return typeof query === 'object' && query !== null && 'text' in query && !('submit' in query);
}

function textOf([query]: readonly unknown[]): string {
  return typeof query === 'string' ? query : isNamed(query) ? query.text : '';
}
