import type { AccountingRecord, AccountingSink } from '@dotmac/radius';
import type { PrefixRecorder } from '../address-history/record.ts';
import type { NetworkServices } from '../builder.ts';
import type { NasWatch } from '../nas/watch.ts';
import type { LineReader } from '../place/line-reader.ts';
import { type NasRestart, SessionRecorder } from '../session/record.ts';
import { normaliseMac, type SessionNews, type SessionState, terminateCauseName } from '../session/rules.ts';
import { inSlices } from '../session/slices.ts';
import type { UsageRecorder } from '../usage/recorder.ts';
import { AccountingJournal } from './accounting-journal.ts';
import type { LoginPolicy } from './policy.ts';
import { serviceOfToken } from './rules.ts';

/** The batches that run at a time, and what takes the journal into the sessions. */
const accountingConnections = 3;

/** Where the RADIUS server's accounting goes: a batch is answered after its commit. */
export function accountingSink(
  services: NetworkServices,
  policy: LoginPolicy,
  usage: UsageRecorder,
  prefixes: PrefixRecorder,
  lines: { readonly reader: LineReader; readonly onNew: () => void },
  watch: NasWatch,
  radius: ConstructorParameters<typeof AccountingJournal>[0]['radius'],
): AccountingJournal {
  const writer = services.ownConnections('accounting', accountingConnections);
  const { database, clock, logger } = services;
  const recorder = new SessionRecorder({ writer, database }, clock, policy.known, lines.onNew);
  const sessions: AccountingSink = {
    async record(batch) {
      const news: SessionNews[] = [];
      const restarts: NasRestart[] = [];
      for await (const slice of inSlices(batch)) {
        watch.accounting(slice);
        news.push(...slice.flatMap((record) => newsOf(record, policy.deviceOfNas(record.nas.id)) ?? []));
        restarts.push(...slice.flatMap((record) => restartOf(record) ?? []));
      }
      if (news.length === 0 && restarts.length === 0) return;
      const linesOf = (begun: readonly SessionState[]) => lines.reader.linesOf(batch, begun);
      const changed = await recorder.record({ news, restarts, linesOf });
      usage.note(changed);
      await prefixes.record(batch, changed);
      policy.realms.tell(batch, (record) => policy.traces.hopOf(record));
    },
  };
  return new AccountingJournal({
    sink: sessions,
    writer,
    database,
    radius,
    onLost: (record, error) =>
      logger.error(
        { nas: record?.nas.id, error },
        'accounting that is answered cannot be taken into a session',
      ),
  });
}

function restartOf(record: AccountingRecord): NasRestart | null {
  return record.status === 'ON' || record.status === 'OFF'
    ? { nasId: record.nas.id, at: record.eventAt }
    : null;
}

/** Null for records that tell of no session: Accounting-On and -Off, unknown types, and those without an id. */
function newsOf(record: AccountingRecord, deviceId: string | null): SessionNews | null {
  const { status, sessionId } = record;
  if (status !== 'START' && status !== 'INTERIM' && status !== 'STOP') return null;
  if (sessionId === null) return null;
  return {
    nasId: record.nas.id,
    deviceId,
    nativeId: storable(sessionId),
    username: storable(record.userName ?? ''),
    serviceId: serviceOfToken(record.classes),
    status,
    at: record.eventAt,
    address: record.framedIpAddress,
    mac: normaliseMac(record.callingStationId),
    sessionTimeSeconds: record.sessionTimeSeconds,
    downstreamOctets: record.downstreamOctets,
    upstreamOctets: record.upstreamOctets,
    wraps: !record.hasGigawords,
    terminateCause: terminateCauseName(record.terminateCause),
  };
}

/** PostgreSQL's text has no NUL: one such name from a NAS must not hold up everybody's batch. */
function storable(text: string): string {
  return text.replaceAll('\0', '\ufffd');
}
