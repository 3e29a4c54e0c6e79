import type { AccountingRecord } from '@dotmac/radius';
import type { RadiusPort } from '../aaa/port.ts';
import type { SessionState } from '../session/rules.ts';
import { keyText } from '../session/store.ts';
import type { SessionLine } from './line-store.ts';

/** Reads on which line each session began: a session stays on its line, so its later records are not asked. */
export class LineReader {
  readonly #accessLine: RadiusPort['accessLine'];

  constructor(accessLine: RadiusPort['accessLine']) {
    this.#accessLine = accessLine;
  }

  /** @param begun sessions that begin with this batch and go on. */
  linesOf(batch: readonly AccountingRecord[], begun: readonly SessionState[]): SessionLine[] {
    if (begun.length === 0) return [];
    const byKey = new Map(begun.map((session) => [keyText(session), session]));
    const lines: SessionLine[] = [];
    for (const record of batch) {
      const { nas, sessionId: nativeId, userName } = record;
      if (nativeId === null) continue;
      const session = byKey.get(keyText({ nasId: nas.id, nativeId, username: userName ?? '' }));
      const line = session === undefined ? null : this.#lineOf(session, record);
      if (line !== null) lines.push(line);
    }
    return lines;
  }

  #lineOf(session: SessionState, record: AccountingRecord): SessionLine | null {
    const { serviceId, nasId, deviceId, mac } = session;
    if (serviceId === null) return null;
    const { circuitId, remoteId } = this.#accessLine(record.packet);
    const port = storable(record.nasPortId ?? (record.nasPort === null ? null : `port ${record.nasPort}`));
    if (port === null && circuitId === null && mac === null) return null;
    return {
      serviceId,
      nasId,
      deviceId,
      port,
      circuitId: storable(circuitId),
      remoteId: storable(remoteId),
      mac,
      at: record.eventAt,
    };
  }
}

/** PostgreSQL's text has no NUL. */
function storable(text: string | null): string | null {
  return text === null ? null : text.replaceAll('\0', '\ufffd');
}
