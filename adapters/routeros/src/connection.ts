import type { Socket } from 'node:net';
import { DeviceError } from '@dotmac/device';
import { CodecError, encodeSentence, type WordDecoder } from './codec.ts';
import { deviceErrorOf, deviceErrorOfFatal, TrapError, trapCategory } from './errors.ts';
import { SentenceParser } from './parser.ts';
import { parseReply, type Reply, type Row } from './reply.ts';
import { isWrite } from './sentence.ts';

export interface ConnectionLimits {
  /** Commands the device works on at once; streams are not counted. Small boards stand 4, large ones 16. */
  readonly maxInFlight: number;
  /** Commands waiting for their turn; one more is refused with `DEVICE_BUSY`. */
  readonly maxQueued: number;
  /** Rows a stream holds for a slow consumer before the socket is paused. */
  readonly maxStreamRows: number;
  /** How long a cancelled command may stay without its `!done` before the connection is given up. */
  readonly cancelGraceMs: number;
}

export const defaultConnectionLimits: ConnectionLimits = {
  maxInFlight: 4,
  maxQueued: 256,
  maxStreamRows: 1024,
  cancelGraceMs: 10_000,
};

export interface CommandOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds from the call to the answer, waiting for a turn included. */
  readonly deadlineMs?: number;
}

export interface CommandResult {
  readonly rows: readonly Row[];
  /** `=ret=` of `!done`: the id of an `add`, the number of a `count-only`. */
  readonly ret: string | null;
}

interface Command {
  readonly words: readonly string[];
  readonly onRow: (row: Row) => void;
  readonly stream: boolean;
  readonly traps: TrapError[];
  tag: string | null;
  /** The caller has his answer; the tag is kept until the device ends it. */
  settled: boolean;
  settle(error: Error | null, done: Row): void;
}

const sentencesPerSlice = 256;
const emptyRow: Row = {};

/** How the peer behaved, for metrics. */
export interface ConnectionStatistics {
  unknownReplies: number;
  repliesWithoutCommand: number;
}

/** One socket, logged in or not: sentences out, replies to their tags. Everything pending fails when it closes. */
export class Connection {
  readonly #socket: Socket;
  readonly #parser: SentenceParser;
  readonly #limits: ConnectionLimits;
  readonly #commands = new Map<string, Command>();
  readonly #waiting: Command[] = [];
  /** Streams whose consumer is behind. */
  readonly #behind = new Set<object>();
  readonly #graceTimers = new Set<NodeJS.Timeout>();
  readonly #closed: Promise<void>;
  readonly statistics: ConnectionStatistics = { unknownReplies: 0, repliesWithoutCommand: 0 };
  #nextTag = 1;
  #inFlight = 0;
  #draining = false;
  #failure: DeviceError | null = null;

  constructor(socket: Socket, decode: WordDecoder, limits: ConnectionLimits = defaultConnectionLimits) {
    this.#socket = socket;
    this.#parser = new SentenceParser(decode);
    this.#limits = limits;
    socket.setNoDelay(true);
    socket.on('data', (segment: Buffer) => {
      this.#parser.push(segment);
      if (!this.#draining) this.#drain();
    });
    socket.on('error', (error) => {
      this.#fail(
        new DeviceError('UNREACHABLE', `The connection broke: ${error.message || error.name}`, {
          cause: error,
        }),
      );
    });
    this.#closed = new Promise((resolve) => {
      socket.once('close', () => {
        const cut = this.#parser.atBoundary ? '' : ' in the middle of a sentence';
        this.#fail(new DeviceError('UNREACHABLE', `The device closed the connection${cut}`));
        resolve();
      });
    });
  }

  get open(): boolean {
    return this.#failure === null;
  }

  /**
   * Runs a command to its `!done`.
   * @throws DeviceError mapped from the first `!trap`, or for a lost connection, deadline or abort
   */
  async run(words: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    const rows: Row[] = [];
    const done = await this.#start(words, (row) => rows.push(row), false, options);
    return { rows, ret: done.ret ?? null };
  }

  /** Rows as they come, for as long as the command lasts. Leaving the loop cancels it on the device. */
  async *stream(
    words: readonly string[],
    options: CommandOptions = {},
  ): AsyncGenerator<Row, void, undefined> {
    const leave = new AbortController();
    const overrun = new AbortController();
    const signal = AbortSignal.any([
      leave.signal,
      overrun.signal,
      ...(options.signal ? [options.signal] : []),
    ]);
    const token = {};
    let rows: Row[] = [];
    let ended = false;
    let failure: unknown = null;
    let wake = Promise.withResolvers<void>();
    const onRow = (row: Row) => {
      rows.push(row);
      if (rows.length >= this.#limits.maxStreamRows) {
        this.#behind.add(token);
        this.#updateFlow();
      }
      if (rows.length > this.#limits.maxStreamRows * 64) overrun.abort();
      wake.resolve();
    };
    const end = (error: unknown) => {
      ended = true;
      failure = error;
      wake.resolve();
    };
    this.#start(words, onRow, true, { ...options, signal }).then(() => end(null), end);
    try {
      while (true) {
        while (rows.length > 0) {
          const batch = rows;
          rows = [];
          this.#behind.delete(token);
          this.#updateFlow();
          yield* batch;
        }
        if (ended) {
          if (overrun.signal.aborted)
            throw new DeviceError(
              'RATE_LIMITED',
              `${words[0]}: rows came faster than they were taken; the stream was ended`,
            );
          if (failure !== null) throw failure;
          return;
        }
        await wake.promise;
        wake = Promise.withResolvers<void>();
      }
    } finally {
      this.#behind.delete(token);
      this.#updateFlow();
      leave.abort();
    }
  }

  /** Closes the socket; everything pending fails with `CANCELLED`. */
  async close(): Promise<void> {
    this.#fail(new DeviceError('CANCELLED', 'The connection was closed on our side'));
    await this.#closed;
  }

  #start(
    words: readonly string[],
    onRow: (row: Row) => void,
    stream: boolean,
    options: CommandOptions,
  ): Promise<Row> {
    const { signal, deadlineMs } = options;
    const path = words[0] as string;
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (signal?.aborted) return Promise.reject(cancelled(path, false));
    if (
      !stream &&
      this.#inFlight >= this.#limits.maxInFlight &&
      this.#waiting.length >= this.#limits.maxQueued
    )
      return Promise.reject(
        new DeviceError('DEVICE_BUSY', `${this.#waiting.length} commands wait already; ${path} was not sent`),
      );
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const onAbort = () => this.#abandon(command, cancelled(path, command.tag !== null && isWrite(path)));
      const command: Command = {
        words,
        onRow,
        stream,
        traps: [],
        tag: null,
        settled: false,
        settle: (error, done) => {
          command.settled = true;
          clearTimeout(timer);
          signal?.removeEventListener('abort', onAbort);
          if (error === null) resolve(done);
          else reject(error);
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      if (deadlineMs !== undefined)
        timer = setTimeout(() => {
          const maybeApplied = command.tag !== null && isWrite(path);
          const text = `${path} was not answered within ${deadlineMs} ms`;
          this.#abandon(command, new DeviceError('DEADLINE_EXCEEDED', text, { maybeApplied }));
        }, deadlineMs);
      if (stream || this.#inFlight < this.#limits.maxInFlight) this.#send(command);
      else this.#waiting.push(command);
    });
  }

  #send(command: Command): void {
    const tag = String(this.#nextTag);
    this.#nextTag += 1;
    command.tag = tag;
    this.#commands.set(tag, command);
    if (!command.stream) this.#inFlight += 1;
    this.#updateFlow();
    this.#socket.write(encodeSentence([...command.words, `.tag=${tag}`]));
  }

  /** Answers the caller now, and tells the device when it has the command already. */
  #abandon(command: Command, error: DeviceError): void {
    if (command.settled) return;
    command.settle(error, emptyRow);
    if (command.tag === null) {
      this.#waiting.splice(this.#waiting.indexOf(command), 1);
      return;
    }
    const tag = command.tag;
    this.#behind.clear();
    const cancel: Command = {
      words: ['/cancel', `=tag=${tag}`],
      onRow: () => {},
      stream: true,
      traps: [],
      tag: null,
      settled: true,
      settle: () => {},
    };
    this.#send(cancel);
    const timer = setTimeout(() => {
      this.#graceTimers.delete(timer);
      if (this.#commands.has(tag))
        this.#fail(
          new DeviceError('UNREACHABLE', `${command.words[0]} was cancelled, but the device did not end it`),
        );
    }, this.#limits.cancelGraceMs);
    this.#graceTimers.add(timer);
  }

  /** Works through what has come, a slice at a time so that a long answer does not hold up the process. */
  #drain(): void {
    this.#draining = false;
    try {
      for (let count = 0; count < sentencesPerSlice; count += 1) {
        if (this.#failure !== null) return;
        const words = this.#parser.next();
        if (words === null) {
          this.#updateFlow();
          return;
        }
        this.#receive(parseReply(words));
      }
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      this.#fail(new DeviceError('PROTOCOL_VIOLATION', error.message, { cause: error }));
      return;
    }
    this.#draining = true;
    this.#socket.pause();
    setImmediate(() => this.#drain());
  }

  #receive(reply: Reply): void {
    if (reply.kind === 'fatal') {
      this.#fail(deviceErrorOfFatal(reply.reason));
      return;
    }
    if (reply.kind === 'unknown') {
      this.statistics.unknownReplies += 1;
      return;
    }
    const command = reply.tag === null ? undefined : this.#commands.get(reply.tag);
    if (command === undefined) {
      this.statistics.repliesWithoutCommand += 1;
      return;
    }
    const { row } = reply;
    if (reply.kind === 're') {
      if (!command.settled) command.onRow(row);
    } else if (reply.kind === 'trap') {
      const message = row.message ?? 'no message';
      command.traps.push(new TrapError(trapCategory(row.category), message, command.words[0] as string));
    } else if (reply.kind === 'done') this.#finish(command, row);
  }

  #finish(command: Command, done: Row): void {
    this.#commands.delete(command.tag as string);
    if (!command.stream) this.#inFlight -= 1;
    const trap = command.traps[0];
    if (!command.settled) command.settle(trap === undefined ? null : deviceErrorOf(trap), done);
    while (this.#failure === null && this.#inFlight < this.#limits.maxInFlight) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.#send(next);
    }
    this.#updateFlow();
  }

  /**
   * Stops reading while a stream's consumer is behind. A command in flight keeps the socket open all the same: its
   * answer comes behind the stream's rows, and the consumer may be waiting for just that.
   */
  #updateFlow(): void {
    if (this.#draining) return;
    if (this.#behind.size > 0 && this.#inFlight === 0) this.#socket.pause();
    else if (this.#socket.isPaused()) this.#socket.resume();
  }

  #fail(failure: DeviceError): void {
    if (this.#failure !== null) return;
    this.#failure = failure;
    for (const timer of this.#graceTimers) clearTimeout(timer);
    const sent = [...this.#commands.values()];
    const waiting = this.#waiting.splice(0);
    this.#commands.clear();
    this.#socket.destroy();
    for (const command of sent) {
      if (command.settled) continue;
      const path = command.words[0] as string;
      command.settle(
        new DeviceError(failure.code, `${path}: ${failure.message}`, {
          maybeApplied: isWrite(path),
          ...(failure.native === undefined ? {} : { native: failure.native }),
          cause: failure,
        }),
        emptyRow,
      );
    }
    for (const command of waiting) command.settle(failure, emptyRow);
  }
}

function cancelled(path: string, maybeApplied: boolean): DeviceError {
  return new DeviceError('CANCELLED', `${path} was cancelled`, { maybeApplied });
}
