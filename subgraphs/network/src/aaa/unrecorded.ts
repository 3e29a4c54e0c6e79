import type { AccountingRecord } from '@dotmac/radius';
import type { Holder } from '../address/holder.ts';
import { normaliseMac, type SessionState } from '../session/rules.ts';
import { keyText } from '../session/store.ts';
import { serviceOfToken } from './rules.ts';

/** What is asked and told of the rest of the login policy. */
interface Known {
  serviceOf(username: string): string | null;
  liveSessionsOf(serviceId: string): readonly SessionState[];
}
interface Lent {
  /** A line is online, with this IPv4 address. */
  heard(holder: Holder, address: string | null): void;
  /** The last session of a line has ended. */
  freed(holder: Holder): void;
}

/**
 * What accounting says while the database is away and nothing of it becomes a session: who is up keeps what he was lent, and
 * what somebody gave back is there for others. All of it is forgotten when the sessions know it.
 */
export class Unrecorded {
  readonly #known: Known;
  readonly #lent: Lent;
  /** Keys of sessions that are up, by line. */
  readonly #up = new Map<string, Set<string>>();
  readonly #ended = new Set<string>();

  constructor(known: Known, lent: Lent) {
    this.#known = known;
    this.#lent = lent;
  }

  /** Records that are kept on disk, in the order in which they came. */
  heard(records: readonly AccountingRecord[]): void {
    for (const record of records) {
      const { status, sessionId, classes, userName, callingStationId, framedIpAddress } = record;
      const serviceId = serviceOfToken(classes) ?? this.#known.serviceOf(userName ?? '');
      if (sessionId === null || serviceId === null) continue;
      const holder = { serviceId, mac: normaliseMac(callingStationId) };
      const key = keyText({ nasId: record.nas.id, nativeId: sessionId, username: userName ?? '' });
      if (status === 'STOP') this.#end(holder, key);
      else if (status === 'START' || status === 'INTERIM') this.#begin(holder, key, framedIpAddress);
    }
  }

  /** Everything that was kept is in the sessions. */
  over(): void {
    this.#up.clear();
    this.#ended.clear();
  }

  #begin(holder: Holder, key: string, address: string | null): void {
    // A late word of a session that has ended does not begin it anew.
    if (this.#ended.has(key)) return;
    const line = lineOf(holder);
    const up = this.#up.get(line) ?? new Set();
    this.#up.set(line, up.add(key));
    this.#lent.heard(holder, address);
  }

  #end(holder: Holder, key: string): void {
    this.#ended.add(key);
    const up = this.#up.get(lineOf(holder));
    up?.delete(key);
    const isUp = (session: SessionState) => session.mac === holder.mac && !this.#ended.has(keyText(session));
    if ((up?.size ?? 0) === 0 && !this.#known.liveSessionsOf(holder.serviceId).some(isUp))
      this.#lent.freed(holder);
  }
}

function lineOf({ serviceId, mac }: Holder): string {
  return `${serviceId} ${mac ?? ''}`;
}
