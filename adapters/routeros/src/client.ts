import { type Clock, DeviceError, systemClock } from '@dotmac/device';
import {
  type CommandOptions,
  type CommandResult,
  type ConnectionLimits,
  type ConnectionStatistics,
  defaultConnectionLimits,
} from './command.ts';
import { connect } from './connect.ts';
import type { Connection } from './connection.ts';
import type { RouterosCredential } from './credential.ts';
import type { Row } from './reply.ts';
import { type Arguments, commandWords, type PrintOptions, printWords } from './sentence.ts';

export interface ClientOptions {
  readonly host: string;
  readonly port: number;
  readonly credential: RouterosCredential;
  readonly connectTimeoutMs?: number;
  /** For commands that name none. */
  readonly commandDeadlineMs?: number;
  readonly limits?: Partial<ConnectionLimits>;
  readonly clock?: Clock;
  /** 0 to 1, for the jitter between attempts to connect. */
  readonly random?: () => number;
}

const firstRetryMs = 500;
const longestRetryMs = 60_000;

/**
 * One device, one long-lived connection, opened when first needed and again after it was lost. While a device does
 * not answer, calls fail at once with the last reason until the next attempt is due (exponential, jittered): a dead
 * router costs its callers nothing and meets no storm when it comes back.
 */
export class RouterosClient {
  readonly #options: ClientOptions;
  readonly #clock: Clock;
  /** Grows over the life of the client. */
  readonly statistics: ConnectionStatistics = { connections: 0, unknownReplies: 0, repliesWithoutCommand: 0 };
  #connection: Promise<Connection> | null = null;
  #failures = 0;
  #nextAttemptAt = 0;
  #lastFailure: DeviceError | null = null;
  readonly #closing = new AbortController();

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Runs `/menu/verb` to its end. @throws DeviceError */
  async run(command: string, args: Arguments = {}, options: CommandOptions = {}): Promise<CommandResult> {
    return this.sentence(commandWords(command, args), options);
  }

  /** All rows of a menu that match. @throws DeviceError */
  async print(menu: string, print: PrintOptions, options: CommandOptions = {}): Promise<readonly Row[]> {
    const { rows } = await this.sentence(printWords(menu, print), options);
    return rows;
  }

  /** How many rows of a menu match; the cheapest way to ask whether the menu exists. @throws DeviceError */
  async count(menu: string, where: readonly string[] = [], options: CommandOptions = {}): Promise<number> {
    const { ret } = await this.sentence([`${menu}/print`, '=count-only=', ...where], options);
    const count = Number(ret);
    if (ret === null || !Number.isSafeInteger(count))
      throw new DeviceError('PROTOCOL_VIOLATION', `${menu}/print count-only answered "${ret}", not a number`);
    return count;
  }

  /** Rows as they come: long prints in flat memory, and `listen`. Leaving the loop cancels the command. */
  async *stream(
    words: readonly string[],
    options: CommandOptions = {},
  ): AsyncGenerator<Row, void, undefined> {
    const connection = await abortable(this.#connect(), options.signal);
    yield* connection.stream(words, options);
  }

  /** Milliseconds until the next attempt to connect may be made; 0 when nothing stands in its way. */
  get retryDelayMs(): number {
    return this.#lastFailure === null ? 0 : Math.max(0, this.#nextAttemptAt - this.#clock.now());
  }

  async sentence(words: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    const connection = await abortable(this.#connect(), options.signal);
    return connection.run(words, { deadlineMs: this.#options.commandDeadlineMs ?? 10_000, ...options });
  }

  /** Ends the connection; later calls fail. */
  async close(): Promise<void> {
    this.#closing.abort();
    const connection = this.#connection;
    if (connection === null) return;
    // A connection that never came up has nothing to close, and its callers have its error.
    await connection.then(
      (open) => open.close(),
      () => {},
    );
  }

  async #connect(): Promise<Connection> {
    if (this.#closing.signal.aborted) throw new DeviceError('CANCELLED', 'The session was closed');
    const current = this.#connection;
    if (current !== null) {
      const connection = await current;
      if (connection.open) return connection;
      if (this.#connection === current) this.#connection = null;
      return this.#connect();
    }
    const wait = this.#nextAttemptAt - this.#clock.now();
    if (this.#lastFailure !== null && wait > 0)
      throw new DeviceError(
        this.#lastFailure.code,
        `${this.#lastFailure.message} (next attempt in ${Math.ceil(wait)} ms)`,
        { cause: this.#lastFailure },
      );
    const attempt = connect({
      host: this.#options.host,
      port: this.#options.port,
      credential: this.#options.credential,
      connectTimeoutMs: this.#options.connectTimeoutMs ?? 5_000,
      limits: { ...defaultConnectionLimits, ...this.#options.limits },
      signal: this.#closing.signal,
      statistics: this.statistics,
    });
    this.#connection = attempt;
    try {
      const connection = await attempt;
      this.#failures = 0;
      this.#lastFailure = null;
      return connection;
    } catch (error) {
      this.#connection = null;
      if (error instanceof DeviceError) this.#lastFailure = error;
      this.#failures += 1;
      const ceiling = Math.min(longestRetryMs, firstRetryMs * 2 ** (this.#failures - 1));
      const random = this.#options.random ?? Math.random;
      this.#nextAttemptAt = this.#clock.now() + (ceiling / 2) * (1 + random());
      throw error;
    }
  }
}

/** Lets one caller stop waiting for what others may still want. */
function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  const aborted = () => new DeviceError('CANCELLED', 'Cancelled while connecting');
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(aborted());
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
