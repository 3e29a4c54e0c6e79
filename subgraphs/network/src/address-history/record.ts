import type { TenantDatabase } from '@dotmac/migrations';
import type { AccountingRecord } from '@dotmac/radius';
import type { Kysely } from 'kysely';
import type { RadiusPort } from '../aaa/port.ts';
import type { SessionState } from '../session/rules.ts';
import { keyText } from '../session/store.ts';
import { keepPrefixes, type SessionPrefix } from './store.ts';

/**
 * Keeps what sessions have beside their IPv4 address. Most records tell of what is kept already: those cost no statement.
 */
export class PrefixRecorder {
  readonly #database: Kysely<TenantDatabase>;
  readonly #portRanges: RadiusPort['portRanges'];
  /** By session, what is kept of it; forgotten when it ends. */
  readonly #kept = new Map<string, Set<string>>();

  constructor(database: Kysely<TenantDatabase>, portRanges: RadiusPort['portRanges']) {
    this.#database = database;
    this.#portRanges = portRanges;
  }

  /**
   * @param sessions those of the batch, committed.
   * @throws what the database throws; then the NAS sends the batch again.
   */
  async record(batch: readonly AccountingRecord[], sessions: readonly SessionState[]): Promise<void> {
    const told = batch.filter((record) => tellsOfMore(record));
    if (told.length > 0) {
      const byKey = new Map(sessions.map((session) => [keyText(session), session]));
      const news = told.flatMap((record) => this.#newsOf(record, byKey));
      if (news.length > 0) {
        await keepPrefixes(this.#database, news);
        for (const one of news) this.#remember(one);
      }
    }
    if (this.#kept.size > 0)
      for (const { id, stoppedAt } of sessions) if (stoppedAt !== null) this.#kept.delete(id);
  }

  #newsOf(record: AccountingRecord, byKey: ReadonlyMap<string, SessionState>): SessionPrefix[] {
    const { nas, sessionId: nativeId, userName } = record;
    if (nativeId === null) return [];
    const session = byKey.get(keyText({ nasId: nas.id, nativeId, username: userName ?? '' }));
    if (session === undefined) return [];
    const about = { sessionId: session.id, since: new Date(record.eventAt), released: false };
    const every = { firstPort: 0, lastPort: 65_535 };
    const { framedIpv6Address, framedIpv6Prefix, delegatedIpv6Prefix } = record;
    const prefixes = [
      ...(framedIpv6Address === null ? [] : [`${framedIpv6Address}/128`]),
      ...(framedIpv6Prefix === null ? [] : [framedIpv6Prefix]),
      ...(delegatedIpv6Prefix === null ? [] : [delegatedIpv6Prefix]),
    ].map((prefix) => ({ ...about, ...every, prefix, since: new Date(session.startedAt) }));
    const ranges = this.#portRanges(record).map(({ outsideAddress, firstPort, lastPort, allocated }) => ({
      ...about,
      prefix: `${outsideAddress}/32`,
      firstPort,
      lastPort,
      released: !allocated,
    }));
    const kept = this.#kept.get(session.id);
    return [...prefixes, ...ranges].filter((one) => kept?.has(textOf(one)) !== true);
  }

  #remember(one: SessionPrefix): void {
    const kept = this.#kept.get(one.sessionId) ?? new Set();
    kept.add(textOf(one));
    this.#kept.set(one.sessionId, kept);
  }
}

function tellsOfMore({
  framedIpv6Address,
  framedIpv6Prefix,
  delegatedIpv6Prefix,
  packet,
}: AccountingRecord): boolean {
  return (
    framedIpv6Address !== null ||
    framedIpv6Prefix !== null ||
    delegatedIpv6Prefix !== null ||
    packet.includes(extendedAttribute)
  );
}

/** The octet that IP-Port-Range (RFC 8045) begins with; a packet without it has none. */
const extendedAttribute = 241;

function textOf({ prefix, firstPort, lastPort, released }: SessionPrefix): string {
  return `${prefix} ${firstPort} ${lastPort} ${released}`;
}
