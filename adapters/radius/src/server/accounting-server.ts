import { verifyAuthenticator, zeroAuthenticator } from '../packet/authenticator.ts';
import { buildReply } from '../packet/build.ts';
import { packetCodes } from '../packet/codes.ts';
import type { SharedSecret } from '../packet/shared-secret.ts';
import { type AccountingRecord, readAccountingRecord } from './accounting-record.ts';
import type { DuplicateEntry } from './duplicate-cache.ts';
import { GroupCommit } from './group-commit.ts';
import type { AccountingSink } from './policy.ts';
import {
  type Peer,
  provenByMessageAuthenticator,
  type Received,
  Reception,
  type ServerContext,
  tellSecret,
} from './reception.ts';
import { answerStatusServer } from './status-server.ts';

export interface AccountingServerOptions {
  readonly sink: AccountingSink;
  readonly mostPerBatch: number;
  readonly mostQueued: number;
  /** An unanswered request older than this is shed; the NAS has sent it again or will. */
  readonly mostAgeMs: number;
}

interface Pending {
  readonly record: AccountingRecord;
  readonly reply: Buffer;
  readonly peer: Peer;
  readonly entry: DuplicateEntry;
}

/** A NAS clock this far off is worth a word to the operator. */
const reportedSkewMs = 60_000;

/** Answers Accounting-Requests after the sink has committed them, and Status-Servers at once. */
export class AccountingServer {
  readonly #context: ServerContext;
  readonly #reception: Reception;
  readonly #commits: GroupCommit<Pending>;

  constructor(context: ServerContext, options: AccountingServerOptions) {
    this.#context = context;
    this.#reception = new Reception(context);
    this.#commits = new GroupCommit<Pending>({
      clock: context.clock,
      concurrency: 2,
      mostPerBatch: options.mostPerBatch,
      mostQueued: options.mostQueued,
      mostAgeMs: options.mostAgeMs,
      commit: (batch) => options.sink.record(batch.map((pending) => pending.record)),
      onCommitted: (batch) => this.#answer(batch),
      onFailed: (batch, error) => this.#abandon(batch, 'ACCOUNTING_FAILED', error),
      onShed: (items) => {
        this.#context.counters.accountingShed += items.length;
        this.#abandon(items, 'ACCOUNTING_SHED', null);
      },
    });
  }

  get queued(): number {
    return this.#commits.queued;
  }

  handle(datagram: Buffer, peer: Peer): void {
    const received = this.#reception.receive(datagram, peer);
    if (received === null) return;
    const code = datagram[0];
    if (code === packetCodes['Accounting-Request']) this.#account(received);
    else if (code === packetCodes['Status-Server'])
      answerStatusServer(received, this.#reception, this.#context, packetCodes['Accounting-Response']);
    else this.#reception.drop(received, 'UNEXPECTED_CODE', String(code));
  }

  /** Resolves when everything received has been answered or given up. */
  async drained(): Promise<void> {
    await this.#commits.drained();
  }

  #account(received: Received): void {
    const { nas, packet, scan, peer, receivedAt } = received;
    this.#context.counters.accountingRequests++;
    const secret = this.#proven(received);
    if (secret === null) return;
    const entry = this.#reception.begin(received);
    if (entry === null) return;
    tellSecret(this.#context, received, secret);
    if (this.#context.tap?.on === true) this.#context.tap.received(received);
    // A copy: the datagram's memory is used again for the next.
    const copy = Buffer.from(packet.subarray(0, scan.length));
    const record = readAccountingRecord(nas, peer.address, receivedAt, copy);
    if (record.clockSkewMs !== null && Math.abs(record.clockSkewMs) > reportedSkewMs)
      this.#context.anomalies.report(
        'CLOCK_SKEW',
        peer.address,
        nas.id,
        `${Math.round(record.clockSkewMs / 1000)} s`,
      );
    // The scan does not outlive this call, so the reply is made now and kept back until COMMIT.
    const reply = buildReply({
      code: packetCodes['Accounting-Response'],
      request: packet,
      scan,
      secret,
      blocks: [],
      messageAuthenticator: scan.messageAuthenticatorAt !== 0,
    });
    this.#commits.push({ record, reply, peer, entry });
  }

  #proven(received: Received): SharedSecret | null {
    const { nas, packet, scan } = received;
    for (const secret of nas.secrets) {
      if (!verifyAuthenticator(packet, scan.length, zeroAuthenticator, secret)) continue;
      if (scan.messageAuthenticatorAt === 0) return secret;
      if (provenByMessageAuthenticator(received, zeroAuthenticator) === secret) return secret;
    }
    this.#reception.drop(received, 'BAD_AUTHENTICATOR', 'Accounting-Request');
    return null;
  }

  #answer(batch: readonly Pending[]): void {
    const { tap, clock } = this.#context;
    for (const { entry, peer, reply, record } of batch) {
      entry.reply = reply;
      peer.send(reply);
      if (tap?.on === true)
        tap.sent(
          { nasId: record.nas.id, peerAddress: peer.address, request: record.packet, at: clock.now() },
          reply,
        );
    }
    this.#context.counters.accountingResponses += batch.length;
  }

  #abandon(items: readonly Pending[], kind: 'ACCOUNTING_FAILED' | 'ACCOUNTING_SHED', error: unknown): void {
    for (const { entry, peer, record } of items) {
      this.#reception.forget(peer, record.packet, entry);
      const detail = error === null ? null : error instanceof Error ? error.message : String(error);
      this.#context.anomalies.report(kind, peer.address, record.nas.id, detail);
    }
  }
}
