import type { TenantDatabase } from '@dotmac/migrations';
import type { AccountingRecord, Anomaly, CoaAttempt, ServerCounters } from '@dotmac/radius';
import type { Kysely } from 'kysely';
import type { NetworkServices } from '../builder.ts';
import { Turns } from '../turns.ts';
import { keepHealth, keepProblems, keptHealth, keptProblems } from './health-store.ts';
import { heardWith, type NasSecret, type SecretsHeard, unheardSecrets } from './rotation.ts';

/** What was seen of a NAS. */
export interface NasHealth {
  /** Milliseconds since the epoch; null: not yet. */
  loginAt: number | null;
  accountingAt: number | null;
  accepts: number;
  readonly rejects: Map<string, number>;
  /** How far its clock is ahead, by its newest accounting; null when it does not say the time. */
  clockSkewMilliseconds: number | null;
  /** Of the newest CoA or Disconnect that was answered at its first sending. */
  rttMilliseconds: number | null;
  rttAt: number | null;
  /** Requests to it that were never answered, since one was. */
  unanswered: number;
  /** How long its newest accounting had waited at the NAS. */
  accountingDelaySeconds: number | null;
  /** With which of two secrets it talks. */
  secrets: SecretsHeard;
}

/** Something wrong with a NAS or with what sends from an address, from its first occurrence to its newest. */
export interface RadiusProblem {
  readonly kind: Anomaly['kind'];
  readonly sourceAddress: string;
  readonly nasId: string | null;
  readonly detail: string | null;
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

const mostProblems = 1_000;
const keepMilliseconds = 10_000;

/** Watches the NASes by what the RADIUS server hears of them: in memory, beside the packet path, bounded; kept every few seconds. */
export class NasWatch {
  readonly #health = new Map<string, NasHealth>();
  readonly #problems = new Map<string, RadiusProblem>();
  readonly #changed = new Set<string>();
  readonly #changedProblems = new Set<string>();
  readonly #turns = new Turns();
  /** The server, once it is there. */
  server: { readonly counters: Readonly<ServerCounters>; readonly ports: readonly number[] } | null = null;

  health(nasId: string): NasHealth {
    const known = this.#health.get(nasId);
    if (known !== undefined) return known;
    const fresh: NasHealth = {
      loginAt: null,
      accountingAt: null,
      accepts: 0,
      rejects: new Map(),
      clockSkewMilliseconds: null,
      rttMilliseconds: null,
      rttAt: null,
      unanswered: 0,
      accountingDelaySeconds: null,
      secrets: unheardSecrets,
    };
    this.#health.set(nasId, fresh);
    return fresh;
  }

  /** On the packet path. `reason` is null for an accept. */
  login(nasId: string, at: number, reason: string | null): void {
    const health = this.health(nasId);
    this.#changed.add(nasId);
    health.loginAt = at;
    if (reason === null) health.accepts++;
    else health.rejects.set(reason, (health.rejects.get(reason) ?? 0) + 1);
  }

  /** On the packet path, while a NAS has two secrets. `since`: when its current one began to hold. */
  secretHeard(nasId: string, since: number | null, used: NasSecret, at: number): void {
    const health = this.health(nasId);
    this.#changed.add(nasId);
    health.secrets = heardWith(health.secrets, since, used, at);
  }

  accounting(batch: readonly AccountingRecord[]): void {
    for (const { nas, receivedAt, clockSkewMs, delaySeconds } of batch) {
      const health = this.health(nas.id);
      this.#changed.add(nas.id);
      health.accountingDelaySeconds = delaySeconds;
      health.accountingAt = receivedAt;
      if (clockSkewMs !== null) health.clockSkewMilliseconds = clockSkewMs;
    }
  }

  /** A CoA or Disconnect to it came to its end. A reply to one of several sendings says nothing of the time it took. */
  asked(nasId: string, at: number, { outcome, transmissions, elapsedMs }: CoaAttempt['result']): void {
    const health = this.health(nasId);
    this.#changed.add(nasId);
    if (outcome === 'NOT_CONNECTED') return;
    const answered = outcome === 'ACK' || outcome === 'NAK';
    health.unanswered = answered ? 0 : health.unanswered + 1;
    if (!answered || transmissions > 1) return;
    health.rttMilliseconds = elapsedMs;
    health.rttAt = at;
  }

  /** Goes on where the last process was, and keeps what is heard until the signal aborts. */
  async start({ database, logger }: NetworkServices, signal: AbortSignal): Promise<void> {
    for (const [nasId, health] of await keptHealth(database)) this.#health.set(nasId, health);
    for (const problem of await keptProblems(database, mostProblems))
      this.#problems.set(`${problem.kind} ${problem.sourceAddress}`, problem);
    let keeping = false;
    const timer = setInterval(() => {
      if (keeping) return;
      keeping = true;
      this.keep(database)
        .catch((error: unknown) => {
          if (!signal.aborted) logger.warn({ error }, 'what was heard of NASes is kept later');
        })
        .finally(() => {
          keeping = false;
        });
    }, keepMilliseconds);
    signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  }

  /** Writes what has changed, and what is being written is there too when this resolves; what cannot be written is tried again. */
  keep(database: Kysely<TenantDatabase>): Promise<void> {
    return this.#turns.take(null, () => this.#keep(database));
  }

  async #keep(database: Kysely<TenantDatabase>): Promise<void> {
    if (this.#changed.size === 0 && this.#changedProblems.size === 0) return;
    const healths = [...this.#changed];
    const problems = [...this.#changedProblems];
    // Before the writing: what changes during it is written next time.
    this.#changed.clear();
    this.#changedProblems.clear();
    try {
      await database.transaction().execute(async (transaction) => {
        await keepHealth(
          transaction,
          healths.map((nasId) => [nasId, this.health(nasId)] as const),
        );
        const told = problems.flatMap((key) => this.#problems.get(key) ?? []);
        await keepProblems(transaction, told, mostProblems);
      });
    } catch (error) {
      for (const nasId of healths) this.#changed.add(nasId);
      for (const key of problems) this.#changedProblems.add(key);
      throw error;
    }
  }

  /** For the server's `onAnomaly`. */
  anomaly({ kind, sourceAddress, nasId, detail, count, at }: Anomaly): void {
    const key = `${kind} ${sourceAddress}`;
    const known = this.#problems.get(key);
    // The newest goes to the end, so that the one unheard of longest is forgotten first.
    this.#problems.delete(key);
    if (this.#changedProblems.size < mostProblems) this.#changedProblems.add(key);
    if (this.#problems.size >= mostProblems)
      for (const oldest of this.#problems.keys()) {
        this.#problems.delete(oldest);
        break;
      }
    this.#problems.set(key, {
      kind,
      sourceAddress,
      nasId,
      // A name from a packet may have a NUL, which PostgreSQL's text has not: one must not hold up what is kept of all.
      detail: detail?.replaceAll('\0', '\ufffd') ?? null,
      count: (known?.count ?? 0) + count,
      firstAt: known?.firstAt ?? at,
      lastAt: at,
    });
  }

  /** The newest first. */
  problems(nasId: string | null = null): RadiusProblem[] {
    const all = [...this.#problems.values()].reverse();
    return nasId === null ? all : all.filter((problem) => problem.nasId === nasId);
  }
}

/** What an operator does about it. */
export function adviceOn({ kind, sourceAddress, detail }: RadiusProblem): string {
  const advice: Partial<Record<Anomaly['kind'], string>> = {
    UNKNOWN_NAS: `No NAS is registered with ${sourceAddress}: register it, or pin its source address. It gets no answer`,
    BAD_AUTHENTICATOR: `${sourceAddress} talks with a wrong secret: enter the same on both sides`,
    MESSAGE_AUTHENTICATOR_MISSING: `${sourceAddress} left out the Message-Authenticator it sends otherwise: an attack or an older configuration`,
    PROXY_STATE_WITHOUT_MESSAGE_AUTHENTICATOR: `A proxy at ${sourceAddress} does not sign its requests (CVE-2024-3596)`,
    CLOCK_SKEW: `The clock of ${sourceAddress} is off: set NTP. Its times are not believed`,
    ACCOUNTING_SHED: `More accounting than can be kept up with: it is sent again`,
    RADSEC_UNKNOWN_CERTIFICATE: `Whoever is at ${sourceAddress} shows the certificate ${detail}, which is no NAS's: register it with that name or fingerprint`,
    RADSEC_REFUSED: `${sourceAddress} was refused over TLS: ${detail}`,
    REPLY_NOT_ENCODABLE: `A reply for ${sourceAddress} could not be encoded: check its profile`,
  };
  return advice[kind] ?? `${kind} at ${sourceAddress}${detail === null ? '' : `: ${detail}`}`;
}
