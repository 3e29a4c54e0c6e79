import type { Clock } from '@dotmac/device';
import type { DecodedMessage } from '../codec/message.ts';
import type { Pdu, ReceivedPdu } from '../codec/pdu.ts';
import { SnmpError } from '../error.ts';
import type { Peer } from './peer.ts';
import type { RetryBudget } from './retry-budget.ts';
import type { Security } from './security.ts';
import type { Semaphore } from './semaphore.ts';
import { backOff, forgetBackOff, learnRtt } from './tuning.ts';

/** Discovery, time synchronisation and one more for an agent that restarted in between. */
const MAX_LESSONS = 3;

const HELD_UP_MILLISECONDS = 30;

/** What passed the sockets since the start. Everything that was dropped is counted with its reason. */
export interface EngineCounters {
  sent: number;
  retransmitted: number;
  received: number;
  receivedOctets: number;
  malformed: number;
  /** No request waits for it, or it comes from another address than was asked. */
  unexpected: number;
  /** Of the right address and id, but another community, version or PDU type. */
  refused: number;
  timeouts: number;
  /** Requests not sent again because too many already were, over all devices. */
  withheld: number;
}

/** What an exchange needs of the engine. */
export interface Wire {
  readonly clock: Clock;
  readonly slots: Semaphore;
  readonly counters: EngineCounters;
  readonly retries: RetryBudget;
  register(exchange: Exchange, peer: Peer): number;
  unregister(id: number, peer: Peer): void;
  send(datagram: Buffer, peer: Peer, failed: (error: Error) => void): void;
}

export interface Reply {
  readonly pdu: ReceivedPdu;
  /** Size of the datagram. */
  readonly octets: number;
}

const nothing = () => {};

/** One request until its reply, its last timeout or its cancellation. */
export class Exchange {
  readonly peer: Peer;
  readonly #wire: Wire;
  readonly #security: Security;
  #pdu: Pdu | null;
  readonly #signal: AbortSignal | undefined;
  readonly #tries: number;
  #id = 0;
  #sentAt = 0;
  #sends = 0;
  #lessons = 0;
  #timer: NodeJS.Timeout | undefined;
  #releaseSlot: () => void = nothing;
  #resolve: (reply: Reply) => void = nothing;
  #reject: (error: Error) => void = nothing;
  #settled = false;
  readonly #onAbort = () => this.fail(new SnmpError('cancelled', 'Cancelled while waiting for the agent'));

  constructor(
    wire: Wire,
    peer: Peer,
    security: Security,
    pdu: Pdu,
    tries: number,
    signal: AbortSignal | undefined,
  ) {
    this.#wire = wire;
    this.peer = peer;
    this.#security = security;
    this.#pdu = pdu;
    this.#tries = tries;
    this.#signal = signal;
  }

  async run(): Promise<Reply> {
    if (!this.peer.silent) {
      const { slots } = this.#wire;
      this.#releaseSlot = slots.tryAcquire() ?? (await slots.acquire(this.#signal));
    }
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      if (this.#signal?.aborted) {
        this.#onAbort();
        return;
      }
      this.#signal?.addEventListener('abort', this.#onAbort, { once: true });
      this.#begin();
    });
  }

  /** A fresh id for each new encoding, so that a late duplicate of an earlier answer is not taken for this one. */
  #begin(): void {
    if (this.#id !== 0) this.#wire.unregister(this.#id, this.peer);
    this.#id = this.#wire.register(this, this.peer);
    this.#sends = 0;
    this.#send();
  }

  #send(): void {
    this.#sends++;
    clearTimeout(this.#timer);
    this.#await(this.peer.tuning.timeout, true);
    if (this.#sends > 1) {
      if (!this.#wire.retries.spend()) {
        // The time of this try passes all the same: an answer to the one before may still come.
        this.#wire.counters.withheld++;
        return;
      }
      this.#wire.counters.retransmitted++;
    }
    this.#sentAt = this.#wire.clock.now();
    let datagram: Buffer;
    try {
      if (this.#pdu === null) return;
      datagram = this.#security.encode({ ...this.#pdu, requestId: this.#id }, this.#id);
    } catch (error) {
      this.fail(error as Error);
      return;
    }
    this.#wire.send(datagram, this.peer, (error) =>
      this.fail(new SnmpError('timeout', `Could not send to ${this.peer.host}: ${error.message}`)),
    );
  }

  /** A timer that comes late was held up with all else here: the answer may long wait to be read, and has its time again. */
  #await(milliseconds: number, again: boolean): void {
    const due = performance.now() + milliseconds;
    this.#timer = setTimeout(() => {
      if (again && performance.now() - due > HELD_UP_MILLISECONDS) this.#await(milliseconds, false);
      else this.#onTimeout();
    }, milliseconds);
  }

  #onTimeout(): void {
    // A device that does not answer must not keep the others waiting.
    this.#releaseSlot();
    backOff(this.peer.tuning);
    if (this.#sends < this.#tries) {
      this.#send();
      return;
    }
    forgetBackOff(this.peer.tuning);
    this.#wire.counters.timeouts++;
    this.peer.silent = true;
    this.fail(new SnmpError('timeout', `No answer after ${this.#sends} tries`));
  }

  /** A datagram of the right address that is no SNMP message: no use in waiting for the timeout. */
  malformed(reason: string): void {
    this.peer.silent = false;
    if (this.#sends < this.#tries) this.#send();
    else this.fail(new SnmpError('malformed', `The agent's reply is malformed: ${reason}`));
  }

  receive(message: DecodedMessage, datagram: Buffer): void {
    const opened = this.#security.open(message, datagram);
    if (opened.kind === 'ignored') {
      this.#wire.counters.refused++;
      return;
    }
    this.peer.silent = false;
    this.#wire.retries.earn();
    if (this.#sends === 1) learnRtt(this.peer.tuning, this.#wire.clock.now() - this.#sentAt);
    if (opened.kind === 'again') {
      this.#lessons++;
      if (this.#lessons > MAX_LESSONS) {
        this.fail(new SnmpError('notInTimeWindow', 'The agent keeps refusing its own engine id and time'));
      } else {
        this.#begin();
      }
      return;
    }
    if (opened.kind === 'failed') {
      this.fail(opened.error);
      return;
    }
    const resolve = this.#resolve;
    this.#end();
    resolve({ pdu: opened.pdu, octets: datagram.length });
  }

  fail(error: Error): void {
    if (this.#settled) return;
    const reject = this.#reject;
    this.#end();
    reject(error);
  }

  #end(): void {
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#wire.unregister(this.#id, this.peer);
    this.#releaseSlot();
    // Hash tables and timer lists that outlived a collection still point here; they must not keep the replies.
    this.#pdu = null;
    this.#timer = undefined;
    this.#releaseSlot = nothing;
    this.#resolve = nothing;
    this.#reject = nothing;
  }
}
