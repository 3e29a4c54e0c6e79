import type { Socket } from 'node:net';
import { DeviceError } from '@dotmac/device';
import { CodecError, encodeSentence, type WordDecoder } from './codec.ts';
import {
  abandonedError,
  type Command,
  type CommandOptions,
  type CommandResult,
  type ConnectionLimits,
  type ConnectionStatistics,
  cancelCommand,
  failureOf,
  rankOf,
} from './command.ts';
import { deviceErrorOf, deviceErrorOfFatal, TrapError, trapCategory } from './errors.ts';
import { SentenceParser } from './parser.ts';
import { parseReply, type Reply, type Row } from './reply.ts';
import { RowBuffer } from './row-buffer.ts';

const sentencesPerSlice = 256;
const emptyRow: Row = {};
/** Dead peers that say nothing are found by the system after this and its own probes. */
const keepAliveMs = 30_000;
/** A stream may hold this many times its limit while another command keeps the socket open. */
const overrunFactor = 64;

/** One socket, logged in or not: sentences out, replies to their tags. Everything pending fails when it closes. */
export class Connection {
  readonly #socket: Socket;
  readonly #parser: SentenceParser;
  readonly #limits: ConnectionLimits;
  readonly #statistics: ConnectionStatistics;
  readonly #commands = new Map<string, Command>();
  /** In the order in which they will be sent. */
  readonly #waiting: Command[] = [];
  /** Streams whose consumer is behind. */
  readonly #behind = new Set<RowBuffer>();
  readonly #graceTimers = new Set<NodeJS.Timeout>();
  readonly #closed: Promise<void>;
  #nextTag = 1;
  #inFlight = 0;
  #draining = false;
  #failure: DeviceError | null = null;

  constructor(
    socket: Socket,
    decode: WordDecoder,
    limits: ConnectionLimits,
    statistics: ConnectionStatistics,
  ) {
    this.#socket = socket;
    this.#parser = new SentenceParser(decode);
    this.#limits = limits;
    this.#statistics = statistics;
    statistics.connections += 1;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs);
    socket.on('data', (segment: Buffer) => {
      this.#parser.push(segment);
      if (!this.#draining) this.#drain();
    });
    socket.on('error', (error) => {
      const reason = `The connection broke: ${error.message || error.name}`;
      this.#fail(new DeviceError('UNREACHABLE', reason, { cause: error }));
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
    const { maxStreamRows } = this.#limits;
    const leave = new AbortController();
    const signal = AbortSignal.any([leave.signal, ...(options.signal ? [options.signal] : [])]);
    const buffer = new RowBuffer();
    const onRow = (row: Row) => {
      const held = buffer.push(row);
      if (held < maxStreamRows) return;
      this.#behind.add(buffer);
      this.#updateFlow();
      if (held > maxStreamRows * overrunFactor) {
        const text = 'rows came faster than they were taken; the stream was ended';
        buffer.end(new DeviceError('RATE_LIMITED', `${words[0]}: ${text}`));
        leave.abort();
      }
    };
    this.#start(words, onRow, true, { ...options, signal }).then(
      () => buffer.end(null),
      (error: unknown) => buffer.end(error),
    );
    try {
      for (let rows = await buffer.take(); rows !== null; rows = await buffer.take()) {
        this.#behind.delete(buffer);
        this.#updateFlow();
        yield* rows;
      }
    } finally {
      this.#behind.delete(buffer);
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
    if (signal?.aborted) return Promise.reject(abandonedError('CANCELLED', 'was cancelled', path, false));
    const mayStart = stream || this.#inFlight < this.#limits.maxInFlight;
    if (!mayStart && this.#waiting.length >= this.#limits.maxQueued)
      return Promise.reject(
        new DeviceError('DEVICE_BUSY', `${this.#waiting.length} commands wait already; ${path} was not sent`),
      );
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const abandon = (code: 'CANCELLED' | 'DEADLINE_EXCEEDED', text: string) =>
        this.#abandon(command, abandonedError(code, text, path, command.tag !== null));
      const onAbort = () => abandon('CANCELLED', 'was cancelled');
      const command: Command = {
        words,
        onRow,
        stream,
        rank: rankOf(options.priority),
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
        timer = setTimeout(
          () => abandon('DEADLINE_EXCEEDED', `was not answered within ${deadlineMs} ms`),
          deadlineMs,
        );
      if (mayStart) this.#send(command);
      else this.#enqueue(command);
    });
  }

  #enqueue(command: Command): void {
    const before = this.#waiting.findIndex((other) => other.rank > command.rank);
    this.#waiting.splice(before < 0 ? this.#waiting.length : before, 0, command);
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
    const { tag } = command;
    if (tag === null) {
      this.#waiting.splice(this.#waiting.indexOf(command), 1);
      return;
    }
    // The end of the command must be heard, however far behind its consumer is.
    this.#behind.clear();
    this.#send(cancelCommand(tag));
    const timer = setTimeout(() => {
      this.#graceTimers.delete(timer);
      if (!this.#commands.has(tag)) return;
      const reason = `${command.words[0]} was cancelled, but the device did not end it`;
      this.#fail(new DeviceError('UNREACHABLE', reason));
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
      this.#statistics.unknownReplies += 1;
      return;
    }
    const command = reply.tag === null ? undefined : this.#commands.get(reply.tag);
    if (command === undefined) {
      this.#statistics.repliesWithoutCommand += 1;
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
    for (const command of sent) if (!command.settled) command.settle(failureOf(command, failure), emptyRow);
    for (const command of waiting) command.settle(failure, emptyRow);
  }
}
