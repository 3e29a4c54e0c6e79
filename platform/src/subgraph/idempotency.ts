import { DomainError } from '@dotmac/schema';
import type { FormattedExecutionResult } from 'graphql';
import { type Kysely, sql } from 'kysely';

/** In this header the gateway says `<position> <SHA-256 of the request> <the client's key>`. */
export const idempotencyHeader = 'x-dotmac-idempotency';

/** What a client may not do with an idempotency key. */
export class IdempotencyError extends DomainError {
  override readonly name = 'IdempotencyError';
}

/** One mutation that must happen once. */
export interface IdempotentRequest {
  readonly principalId: string;
  readonly key: string;
  /** Which of the operation's mutations in this plane. */
  readonly position: number;
  readonly requestHash: string;
}

/** Longer than any operation takes: whoever holds a row for longer has died. */
const leaseSeconds = 60;
const keptHours = 24;
const sweepMilliseconds = 3_600_000;

/** Reads the gateway's header; null when it is absent or not in its form. */
export function readIdempotency(header: unknown, principalId: string): IdempotentRequest | null {
  const match =
    typeof header === 'string' ? /^(\d{1,4}) ([0-9a-f]{64}) ([\x21-\x7e]{1,128})$/.exec(header) : null;
  if (match === null) return null;
  const [, position, requestHash = '', key = ''] = match;
  return { principalId, key, position: Number(position), requestHash };
}

/** The answers of mutations that carried an idempotency key, in the plane's database, for a day. */
export class IdempotencyStore {
  readonly #database: Kysely<unknown>;
  #sweepAt = 0;

  constructor(database: Kysely<unknown>) {
    this.#database = database;
  }

  /**
   * Does the work for the first request with its key; a repetition gets that answer and does nothing.
   * @throws IdempotencyError `IDEMPOTENCY_KEY_REUSED` for another request with the same key, `IDEMPOTENCY_IN_PROGRESS`
   * while the first runs, `IDEMPOTENCY_OUTCOME_UNKNOWN` when it never ended.
   */
  async once(
    request: IdempotentRequest,
    work: () => Promise<FormattedExecutionResult>,
  ): Promise<FormattedExecutionResult> {
    await this.#sweep();
    if (!(await this.#claim(request))) return this.#earlierAnswer(request);
    const answer = await work();
    const { principalId, key, position } = request;
    await sql`update runtime.idempotency set answer = ${JSON.stringify(answer)}
      where principal_id = ${principalId} and key = ${key} and position = ${position}`.execute(
      this.#database,
    );
    return answer;
  }

  async #claim({ principalId, key, position, requestHash }: IdempotentRequest): Promise<boolean> {
    const { numAffectedRows } = await sql`
      insert into runtime.idempotency (principal_id, key, position, request_hash, leased_until, created_at)
      values (${principalId}, ${key}, ${position}, ${requestHash}, now() + make_interval(secs => ${leaseSeconds}), now())
      on conflict do nothing`.execute(this.#database);
    return numAffectedRows === 1n;
  }

  async #earlierAnswer(request: IdempotentRequest): Promise<FormattedExecutionResult> {
    const { principalId, key, position, requestHash } = request;
    const { rows } = await sql<{ hash: string; answer: string | null; leased: boolean }>`
      select request_hash as hash, answer, leased_until > now() as leased from runtime.idempotency
      where principal_id = ${principalId} and key = ${key} and position = ${position}`.execute(
      this.#database,
    );
    const [row] = rows;
    if (row !== undefined && row.hash !== requestHash) {
      throw new IdempotencyError(
        'IDEMPOTENCY_KEY_REUSED',
        'This idempotency key belongs to another request: take a new key for a new request',
      );
    }
    if (row !== undefined && row.answer !== null) return JSON.parse(row.answer) as FormattedExecutionResult;
    if (row === undefined || row.leased) {
      throw new IdempotencyError(
        'IDEMPOTENCY_IN_PROGRESS',
        'The first request with this key still runs: ask again',
      );
    }
    throw new IdempotencyError(
      'IDEMPOTENCY_OUTCOME_UNKNOWN',
      'The first request with this key broke off: read the state, then use a new key',
    );
  }

  async #sweep(): Promise<void> {
    const now = performance.now();
    if (now < this.#sweepAt) return;
    this.#sweepAt = now + sweepMilliseconds;
    await sql`delete from runtime.idempotency where created_at < now() - make_interval(hours => ${keptHours})`.execute(
      this.#database,
    );
  }
}
