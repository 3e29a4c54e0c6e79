import type { Clock, Logger } from '@dotmac/platform';
import type { DocumentNode } from 'graphql';
import { type Signature, signatureOf } from './signature.ts';

/** Operations of keys since the last time they were written. */
export interface OperationBatch {
  readonly operations: readonly RecordedOperation[];
  readonly gaps: readonly OperationGap[];
}

interface RecordedOperation extends Signature {
  readonly keyId: string;
  /** Empty when the document has one operation only. */
  readonly operationName: string;
  /** Milliseconds since the epoch. */
  readonly seenAt: number;
}

/** Something that a key asked and that is not recorded. */
interface OperationGap {
  readonly keyId: string;
  readonly reason: 'TOO_MANY' | 'TOO_LONG';
  readonly seenAt: number;
}

export interface OperationRecordsOptions {
  readonly write: (batch: OperationBatch) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Operations of one key that are kept; those not seen for longest go first, and leave a gap. */
export const operationsPerKey = 500;
const longestText = 32 * 1024;
const flushMilliseconds = 10_000;
/** An operation in constant use is written this often. */
const resolutionMilliseconds = 60 * 60_000;
/** Operations that wait to be written, at most; what comes on top leaves a gap. */
const mostWaiting = 2_000;
/** Users of one document that are told apart before all are written again. */
const mostUsers = 1_000;

interface Noted {
  readonly signature: Signature;
  /** When it was last noted, milliseconds since the epoch, by key and name of the operation. */
  readonly at: Map<string, number>;
}

/** Notes which operations each key runs, and writes them now and then: no request waits for it. */
export class OperationRecords {
  readonly #options: OperationRecordsOptions;
  readonly #noted = new WeakMap<DocumentNode, Noted>();
  readonly #timer: NodeJS.Timeout;
  #operations = new Map<string, RecordedOperation>();
  #gaps = new Map<string, OperationGap>();

  constructor(options: OperationRecordsOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.flush(), flushMilliseconds);
    this.#timer.unref();
  }

  /** The document must be the one object that its text always gives. */
  used(keyId: string, document: DocumentNode, operationName = ''): void {
    const now = this.#options.clock.now();
    const user = `${keyId} ${operationName}`;
    let noted = this.#noted.get(document);
    if (noted === undefined) {
      noted = { signature: signatureOf(document), at: new Map() };
      this.#noted.set(document, noted);
    }
    const last = noted.at.get(user);
    if (last !== undefined && now - last < resolutionMilliseconds) return;
    if (noted.at.size >= mostUsers) noted.at.clear();
    noted.at.set(user, now);
    this.#add({ keyId, operationName, seenAt: now, ...noted.signature });
  }

  /** Writes what is noted; what cannot be written is tried again. */
  async flush(): Promise<void> {
    if (this.#operations.size === 0 && this.#gaps.size === 0) return;
    const [operations, gaps] = [this.#operations, this.#gaps];
    this.#operations = new Map();
    this.#gaps = new Map();
    try {
      await this.#options.write({ operations: [...operations.values()], gaps: [...gaps.values()] });
    } catch (error) {
      this.#options.logger.warn({ error }, 'the operations of keys cannot be recorded; it is tried again');
      for (const operation of operations.values()) this.#add(operation);
      for (const gap of gaps.values()) this.#gaps.set(gap.keyId, gap);
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  #add(operation: RecordedOperation): void {
    const { keyId, hash, operationName, seenAt, text } = operation;
    const id = `${keyId} ${hash} ${operationName}`;
    if (text.length > longestText) this.#gaps.set(keyId, { keyId, reason: 'TOO_LONG', seenAt });
    else if (this.#operations.size >= mostWaiting && !this.#operations.has(id))
      this.#gaps.set(keyId, { keyId, reason: 'TOO_MANY', seenAt });
    else this.#operations.set(id, operation);
  }
}
