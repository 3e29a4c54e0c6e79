import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Logger } from '../telemetry/logger.ts';
import { pause } from '../time/pause.ts';
import type { Listener } from './listener.ts';
import { News } from './news.ts';
import { type SequencerPass, sequence } from './sequencer.ts';

/** A pass is made by itself this often, in case a notification was lost with its connection. */
const fallbackMilliseconds = 5_000;
/** Before a lost database is tried again. */
const retryMilliseconds = 500;
/** Between two passes when notifications come faster than the passes, at least and at most. */
const breatherMilliseconds = { least: 20, most: 200 };
/** A pass costs the same for one event as for many: at most a fifth of the time is spent on them. */
const breatherPerPass = 4;

export interface SequencingOptions {
  readonly database: Kysely<unknown>;
  readonly listener: Listener;
  readonly logger: Logger;
  /** A pass is done, and this is what it found. */
  readonly onPass: (pass: SequencerPass) => void;
  /** Readers should look again. */
  readonly onNews: () => void;
}

/** Gives events their positions as they are committed, while the process runs; outlives lost connections. */
export class Sequencing {
  readonly #options: SequencingOptions;
  readonly #name = randomUUID();
  readonly #stopped = new AbortController();
  /** Something was committed, or the connection that would tell of it is gone. */
  readonly #call = new News();
  /** Something was committed since the last pass began. */
  #called = false;
  #pass: Promise<unknown> = Promise.resolve();
  #running: Promise<void> | undefined;

  constructor(options: SequencingOptions) {
    this.#options = options;
  }

  /** Aborts when it stops. */
  get stopped(): AbortSignal {
    return this.#stopped.signal;
  }

  /** Returns when the first pass is done. */
  async start(): Promise<void> {
    await this.#options.listener.hear('dotmac_events', (payload) => {
      // Our own passes wake our readers themselves.
      if (payload === this.#name) return;
      this.#called = true;
      this.#call.tell();
    });
    await this.advance();
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  /** The next pass at once, for the connection is gone. */
  wake(): void {
    // During a pass nobody waits for the call yet: it must not be lost, for no notification follows.
    this.#called = true;
    this.#call.tell();
  }

  /**
   * Passes of this process follow each other, so that this returns when its own is done.
   * @param waits also for a sequencer elsewhere, so that what is committed now has its place in any case.
   */
  advance(waits = false): Promise<void> {
    const pass = this.#pass.then(() => this.#sequenceAll(waits));
    this.#pass = pass.catch(() => undefined);
    return pass;
  }

  async #sequenceAll(waits: boolean): Promise<void> {
    let any = false;
    for (let more = true; more && !this.stopped.aborted; ) {
      const pass = await sequence(this.#options.database, this.#name, waits);
      this.#options.onPass(pass);
      more = pass.more;
      any ||= pass.sequenced !== null;
    }
    if (any) this.#options.onNews();
  }

  async #run(): Promise<void> {
    const { listener, logger, onNews } = this.#options;
    while (!this.stopped.aborted) {
      try {
        await listener.connect();
        const began = performance.now();
        await this.advance();
        const took = performance.now() - began;
        // Another process may have sequenced: readers look again whenever anything happened.
        onNews();
        // One who writes all the time is followed in passes that are worth their while; at rest the next is at once.
        if (this.#called) {
          const { least, most } = breatherMilliseconds;
          await pause(Math.min(most, Math.max(least, breatherPerPass * took)), this.stopped);
        }
        if (!this.#called) await this.#callOr(fallbackMilliseconds);
        this.#called = false;
      } catch (error) {
        if (this.stopped.aborted) break;
        logger.warn({ error }, 'the event log cannot reach its database; trying again');
        await listener.disconnect();
        await pause(retryMilliseconds, this.stopped);
      }
    }
    await listener.disconnect();
  }

  /** Waits for a call, at most so long. */
  async #callOr(milliseconds: number): Promise<void> {
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(), milliseconds);
    await this.#call.after(this.#call.told, over.signal, this.stopped);
    clearTimeout(timer);
  }
}
