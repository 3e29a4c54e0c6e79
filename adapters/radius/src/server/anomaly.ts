import type { Clock } from '@dotmac/device';
import type { MalformedReason } from '../packet/scan.ts';

export type AnomalyKind =
  | 'UNKNOWN_NAS'
  | 'BAD_AUTHENTICATOR'
  | 'MESSAGE_AUTHENTICATOR_MISSING'
  | 'PROXY_STATE_WITHOUT_MESSAGE_AUTHENTICATOR'
  | 'UNEXPECTED_CODE'
  | 'MALFORMED'
  | 'CLOCK_SKEW'
  | 'REPLY_NOT_ENCODABLE'
  | 'POLICY_FAILED'
  | 'EAP_FAILED'
  | 'PROXY_FAILED'
  | 'HOME_SERVER_UNREACHABLE'
  | 'RADSEC_REFUSED'
  | 'RADSEC_UNKNOWN_CERTIFICATE'
  | 'ACCOUNTING_SHED'
  | 'ACCOUNTING_FAILED';

/** Something an operator should see, such as a NAS that talks with a wrong secret. */
export interface Anomaly {
  readonly kind: AnomalyKind;
  readonly sourceAddress: string;
  readonly nasId: string | null;
  readonly detail: string | MalformedReason | null;
  /** Occurrences since the report before, this one included. */
  readonly count: number;
  readonly at: number;
}

const quietMs = 10_000;
const mostSources = 2_000;

/** Reports the first of a kind and source at once, further ones at most every 10 s with their count. */
export class AnomalyReporter {
  readonly #seen = new Map<string, { reportedAt: number; unreported: number }>();
  readonly #clock: Clock;
  readonly #onAnomaly: (anomaly: Anomaly) => void;

  constructor(clock: Clock, onAnomaly: (anomaly: Anomaly) => void) {
    this.#clock = clock;
    this.#onAnomaly = onAnomaly;
  }

  report(
    kind: AnomalyKind,
    sourceAddress: string,
    nasId: string | null = null,
    detail: string | null = null,
  ): void {
    const at = this.#clock.now();
    const key = `${kind} ${sourceAddress}`;
    const seen = this.#seen.get(key);
    if (seen !== undefined && at - seen.reportedAt < quietMs) {
      seen.unreported++;
      return;
    }
    if (seen === undefined && this.#seen.size >= mostSources) this.#seen.clear();
    this.#seen.set(key, { reportedAt: at, unreported: 0 });
    this.#onAnomaly({ kind, sourceAddress, nasId, detail, count: (seen?.unreported ?? 0) + 1, at });
  }
}
