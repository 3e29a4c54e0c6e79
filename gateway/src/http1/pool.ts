import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import { type HttpAnswer, ResponseReader } from './response-reader.ts';

/** One request: its whole text, and who waits for its answer. */
export interface Exchange {
  /** Head and body as they go over the wire. */
  readonly text: string;
  /** Whether it may be sent again when its connection closes before anything of an answer came. */
  readonly repeatable: boolean;
  /** When it is given up, on the scale of `performance.now()`. */
  readonly expiresAt: number;
  /** Whether nobody waits for the answer any more. */
  readonly abandoned: () => boolean;
  /** Whether it has come too late, asked while an answer comes in pieces. */
  readonly late: () => boolean;
  readonly onAnswer: (answer: HttpAnswer) => void;
  readonly onError: (error: unknown) => void;
}

/** Why an exchange ended without an answer, when not for a {@link ResponseReader}'s or a socket's error. */
export class ExchangeError extends Error {
  override readonly name = 'ExchangeError';
  readonly reason: 'TIMEOUT' | 'ABANDONED' | 'CLOSED';
  constructor(reason: ExchangeError['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

export interface PoolOptions {
  readonly connections: number;
  readonly largestBody: number;
}

/** Shorter than what servers keep an idle connection for (Node's keep theirs for 5 s), and than any of them says less a second. */
const restMilliseconds = 4_000;
const restMarginMilliseconds = 1_000;
/** How often it is looked who has waited for too long, while anybody waits. */
const watchMilliseconds = 25;

/**
 * Where the kernel puts what it reads, for all connections: a reader takes what it needs out of it before it returns, and
 * nothing else is read meanwhile.
 */
const received = Buffer.allocUnsafeSlow(256 * 1024);

/**
 * Connections to one origin over which HTTP/1.1 requests go. Requests that are sent together go over one connection, one
 * behind the other; apart from these each has a connection of its own while it runs.
 */
export class Pool {
  readonly #target: TcpNetConnectOpts | { readonly path: string };
  readonly #options: PoolOptions;
  readonly #resting: Connection[] = [];
  readonly #busy = new Set<Connection>();
  readonly #waiting: Exchange[][] = [];
  #watch: NodeJS.Timeout | undefined;
  #sweep: NodeJS.Timeout | undefined;
  #closed: (() => void) | undefined;

  /** `origin` is `http://host:port` or `unix:/path`. */
  constructor(origin: string, options: PoolOptions) {
    this.#options = options;
    if (origin.startsWith('unix:')) this.#target = { path: origin.slice('unix:'.length) };
    else {
      const { hostname, port } = new URL(origin);
      this.#target = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80), noDelay: true };
    }
  }

  /** Sends these one behind the other; each is told its answer or its error, never both. */
  send(exchanges: Exchange[]): void {
    this.#watch ??= setTimeout(this.#look, watchMilliseconds);
    const connection = this.#take();
    if (connection === undefined) this.#waiting.push(exchanges);
    else connection.send(exchanges);
  }

  /** Takes nothing more; resolves when what is under way has ended. */
  close(): Promise<void> {
    for (const connection of this.#resting.splice(0)) connection.destroy();
    clearTimeout(this.#sweep);
    return new Promise((resolve) => {
      this.#closed = resolve;
      this.#endWhenDone();
    });
  }

  #take(): Connection | undefined {
    const now = performance.now();
    for (let rested = this.#resting.pop(); rested !== undefined; rested = this.#resting.pop()) {
      if (rested.isAlive && now < rested.restsUntil) {
        this.#busy.add(rested);
        return rested;
      }
      rested.destroy();
    }
    if (this.#busy.size >= this.#options.connections) return undefined;
    const connection = new Connection(this.#target, this.#options.largestBody, this.#owner);
    this.#busy.add(connection);
    return connection;
  }

  readonly #owner: ConnectionOwner = {
    done: (connection) => {
      const next = this.#waiting.shift();
      if (next !== undefined) return connection.send(next);
      this.#busy.delete(connection);
      if (this.#closed !== undefined) connection.destroy();
      else {
        this.#resting.push(connection);
        if (this.#sweep === undefined) {
          this.#sweep = setTimeout(this.#dismiss, restMilliseconds);
          this.#sweep.unref();
        }
      }
      this.#endWhenDone();
    },
    gone: (connection, again) => {
      this.#busy.delete(connection);
      const at = this.#resting.indexOf(connection);
      if (at >= 0) this.#resting.splice(at, 1);
      if (again.length > 0) this.#waiting.unshift(again);
      const next = this.#waiting.shift();
      if (next !== undefined) this.send(next);
      this.#endWhenDone();
    },
  };

  readonly #look = (): void => {
    this.#watch = undefined;
    const now = performance.now();
    for (const connection of this.#busy) connection.look(now);
    for (const [index, exchanges] of this.#waiting.entries()) {
      const left = exchanges.filter((exchange) => !giveUp(exchange, now));
      if (left.length < exchanges.length) this.#waiting[index] = left;
    }
    for (let index = this.#waiting.length - 1; index >= 0; index -= 1)
      if (this.#waiting[index]?.length === 0) this.#waiting.splice(index, 1);
    if (this.#busy.size > 0 || this.#waiting.length > 0)
      this.#watch = setTimeout(this.#look, watchMilliseconds);
    this.#endWhenDone();
  };

  readonly #dismiss = (): void => {
    this.#sweep = undefined;
    const now = performance.now();
    const stays = this.#resting.filter((connection) => now < connection.restsUntil);
    for (const connection of this.#resting.splice(0, this.#resting.length, ...stays))
      if (!stays.includes(connection)) connection.destroy();
    if (stays.length === 0) return;
    this.#sweep = setTimeout(this.#dismiss, restMilliseconds);
    this.#sweep.unref();
  };

  #endWhenDone(): void {
    if (this.#closed === undefined || this.#busy.size > 0 || this.#waiting.length > 0) return;
    clearTimeout(this.#watch);
    this.#closed();
  }
}

/** Whether it was given up now. */
function giveUp(exchange: Exchange, now: number): boolean {
  if (exchange.abandoned()) exchange.onError(new ExchangeError('ABANDONED', 'Nobody waits for it'));
  else if (now >= exchange.expiresAt) exchange.onError(new ExchangeError('TIMEOUT', 'No answer in time'));
  else return false;
  return true;
}

interface ConnectionOwner {
  /** Everything is answered; the connection may be used again. */
  done(connection: Connection): void;
  /** It will not be used again; these are to be sent over another. */
  gone(connection: Connection, again: Exchange[]): void;
}

class Connection {
  restsUntil = 0;
  readonly #socket: Socket;
  readonly #reader: ResponseReader;
  readonly #owner: ConnectionOwner;
  /** Sent and not answered, in order. */
  #underWay: Exchange[] = [];
  #answered = 0;
  #isAlive = true;

  constructor(
    target: TcpNetConnectOpts | { readonly path: string },
    largestBody: number,
    owner: ConnectionOwner,
  ) {
    this.#owner = owner;
    this.#reader = new ResponseReader(largestBody);
    this.#socket = connect({ ...target, onread: { buffer: received, callback: this.#onRead } });
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#onClose());
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  send(exchanges: Exchange[]): void {
    this.#underWay = exchanges;
    let text = '';
    for (const exchange of exchanges) text += exchange.text;
    this.#socket.write(text);
  }

  destroy(): void {
    this.#isAlive = false;
    this.#socket.destroy();
  }

  /** Gives up what has waited for too long: nothing behind it on this connection can be answered either. */
  look(now: number): void {
    const [first] = this.#underWay;
    if (first === undefined) return;
    if (first.abandoned()) this.#fail(new ExchangeError('ABANDONED', 'Nobody waits for it'));
    else if (now >= first.expiresAt) this.#fail(new ExchangeError('TIMEOUT', 'No answer in time'));
  }

  readonly #onRead = (length: number, buffer: Uint8Array): boolean => {
    if (!this.#isAlive) return false;
    try {
      if (this.#underWay.length === 0) throw new ExchangeError('CLOSED', 'An answer that nobody asked for');
      this.#reader.push(buffer.subarray(0, length) as Buffer, this.#onAnswer);
      if (!this.#isAlive) return false;
      const [next] = this.#underWay;
      if (next === undefined) {
        if (!this.#reader.isFresh) throw new ExchangeError('CLOSED', 'An answer that nobody asked for');
        // Only now: octets behind the last answer must not be taken for that of the next request.
        this.#owner.done(this);
      } else if (next.late()) throw new ExchangeError('TIMEOUT', 'No answer in time');
    } catch (error) {
      this.#fail(error);
    }
    return this.#isAlive;
  };

  readonly #onAnswer = (answer: HttpAnswer): void => {
    const exchange = this.#underWay.shift();
    if (exchange === undefined) throw new ExchangeError('CLOSED', 'An answer that nobody asked for');
    this.#answered += 1;
    const said = answer.keepAliveMilliseconds;
    const rest = said === null ? restMilliseconds : Math.min(restMilliseconds, said - restMarginMilliseconds);
    this.restsUntil = performance.now() + rest;
    exchange.onAnswer(answer);
    if (!answer.keepAlive) this.#fail(new ExchangeError('CLOSED', 'The connection was closed'));
  };

  #onClose(): void {
    if (!this.#isAlive) return;
    try {
      this.#reader.end(this.#onAnswer);
      this.#fail(new ExchangeError('CLOSED', 'The connection was closed'));
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Ends the connection. What it took and did not answer fails, or goes over another if it may. */
  #fail(error: unknown): void {
    if (!this.#isAlive) return;
    // A server may close a connection that rests, just as a request is on its way to it.
    const wasReused = this.#answered > 0;
    const untouched = this.#reader.isFresh;
    this.destroy();
    const again: Exchange[] = [];
    for (const [index, exchange] of this.#underWay.entries()) {
      const unheard = index > 0 || (untouched && wasReused && isClosure(error));
      if (unheard && exchange.repeatable && !giveUp(exchange, performance.now())) again.push(exchange);
      else if (!unheard || !exchange.repeatable) exchange.onError(error);
    }
    this.#underWay = [];
    this.#owner.gone(this, again);
  }
}

function isClosure(error: unknown): boolean {
  if (error instanceof ExchangeError) return error.reason === 'CLOSED';
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ECONNRESET' || code === 'EPIPE';
}
