import type { TenantDatabase } from '@dotmac/migrations';
import type { AccountingRecord } from '@dotmac/radius';
import type { Kysely } from 'kysely';
import type { RadiusPort } from '../aaa/port.ts';
import type { SessionState } from '../session/rules.ts';
import { keyText } from '../session/store.ts';
import { keepLines, type SessionLine } from './store.ts';

/** Keeps on which line each session began: a session stays on its line, so its later records cost nothing. */
export class LineRecorder {
  readonly #database: Kysely<TenantDatabase>;
  readonly #accessLine: RadiusPort['accessLine'];
  readonly #onLines: () => void;
  readonly #kept = new Set<string>();

  /** @param onLines told after new lines were written. */
  constructor(database: Kysely<TenantDatabase>, accessLine: RadiusPort['accessLine'], onLines: () => void) {
    this.#database = database;
    this.#accessLine = accessLine;
    this.#onLines = onLines;
  }

  /**
   * @param sessions those of the batch, committed.
   * @throws what the database throws; then the NAS sends the batch again.
   */
  async record(batch: readonly AccountingRecord[], sessions: readonly SessionState[]): Promise<void> {
    const fresh = sessions.filter(({ id, stoppedAt }) => stoppedAt === null && !this.#kept.has(id));
    if (fresh.length > 0) {
      const records = new Map(
        batch.flatMap((record) =>
          record.sessionId === null
            ? []
            : [
                [
                  keyText({
                    nasId: record.nas.id,
                    nativeId: record.sessionId,
                    username: record.userName ?? '',
                  }),
                  record,
                ],
              ],
        ),
      );
      const lines = fresh.flatMap((session) => this.#lineOf(session, records.get(keyText(session))));
      if (lines.length > 0) {
        await keepLines(this.#database, lines);
        this.#onLines();
      }
      for (const { id } of fresh) this.#kept.add(id);
    }
    for (const { id, stoppedAt } of sessions) if (stoppedAt !== null) this.#kept.delete(id);
  }

  #lineOf(session: SessionState, record: AccountingRecord | undefined): SessionLine[] {
    const { serviceId, nasId, deviceId, mac } = session;
    if (record === undefined || serviceId === null) return [];
    const { circuitId, remoteId } = this.#accessLine(record.packet);
    const port = storable(record.nasPortId ?? (record.nasPort === null ? null : `port ${record.nasPort}`));
    if (port === null && circuitId === null && mac === null) return [];
    return [
      {
        serviceId,
        nasId,
        deviceId,
        port,
        circuitId: storable(circuitId),
        remoteId: storable(remoteId),
        mac,
        at: new Date(record.eventAt),
      },
    ];
  }
}

/** PostgreSQL's text has no NUL. */
function storable(text: string | null): string | null {
  return text === null ? null : text.replaceAll('\0', '\ufffd');
}
