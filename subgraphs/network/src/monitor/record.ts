import type { DeviceHealth, DeviceInterface, Reach } from '@dotmac/device';
import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents, type Clock, type NewEvent, newId } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { judgeAlarms, processorPercent } from '../alarm/judge.ts';
import type { NetworkServices } from '../builder.ts';
import { stateChanged } from '../device/events.ts';
import { judgePoll, type PollOutcome, type StateJudgement } from '../device/rules.ts';
import {
  type Device,
  lockedDevice,
  recordFailures,
  recordProbe,
  updateDevice,
  updateIdentity,
} from '../device/store.ts';
import { type CounterSample, operStatusChanged, rateBetween } from '../interface/rules.ts';
import {
  type InterfaceRow,
  insertRates,
  interfacesOfDevices,
  type NetworkInterface,
  upsertInterfaces,
} from '../interface/store.ts';
import { sessionsHeardSince } from '../session/store.ts';
import type { Reading } from './poll.ts';

const actor = 'system:monitor';

/** Writes what a poll found: state, health, ports, rates and the events of what changed, in one transaction. */
export async function recordPoll(
  services: NetworkServices,
  deviceId: string,
  /** `askedAt`: when the poll began, milliseconds. `reach`: of its host, when that was looked at. */
  {
    readings,
    askedAt,
    reach,
  }: { readonly readings: readonly Reading[]; readonly askedAt: number; readonly reach: Reach | null },
  sessionClock: Clock,
): Promise<PollNews> {
  return services.database.transaction().execute(async (transaction) => {
    const device = await lockedDevice(transaction, deviceId);
    if (device === null || readings.length === 0) return 'NOTHING';
    const now = services.clock.now();
    const shift = sessionClock.now() - now;
    const readsPorts = readings.some((reading) => reading.interfaces !== null);
    const known = readsPorts ? await interfacesOfDevices(transaction, [device.id]) : [];
    const alarms = await judgeAlarms(transaction, services.clock, device, {
      health: readings.find((reading) => reading.health !== null)?.health ?? null,
      interfaces: readings.flatMap((reading) => reading.interfaces ?? []),
      known,
      source: `poll over ${readings.map((reading) => reading.protocol).join(', ')}`,
    });
    const { degraded } = alarms;
    const state = await recordState(transaction, device, readings, {
      now,
      shift,
      askedAt,
      degraded,
      reach,
    });
    const ports: NewEvent<TenantEvents>[] = [];
    for (const { protocol, identity, capabilities, interfaces, observedAt } of readings) {
      if (identity !== null) await updateIdentity(transaction, deviceId, identity);
      if (capabilities !== null) await recordProbe(transaction, { deviceId, protocol }, capabilities);
      if (interfaces !== null)
        ports.push(
          ...(await recordInterfaces(
            transaction,
            services.clock,
            { device, known },
            { interfaces, observedAt },
          )),
        );
    }
    await recordFailures(
      transaction,
      deviceId,
      readings.map(({ protocol, failure }) => ({
        protocol,
        failure: failure?.words ?? null,
        code: failure?.code ?? null,
      })),
    );
    await appendEvents<TenantEvents>(transaction, [...state, ...ports, ...alarms.events]);
    if (readings.some((reading) => reading.failure?.silent !== true))
      return device.silentSince === null ? 'NOTHING' : 'ANSWERED_AGAIN';
    return device.silentSince === null ? 'FELL_SILENT' : 'STILL_SILENT';
  });
}

/** What a poll means for those who watch the device. */
export type PollNews = 'NOTHING' | 'FELL_SILENT' | 'STILL_SILENT' | 'ANSWERED_AGAIN';

interface PollFacts {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** By how many milliseconds the time of sessions is ahead. */
  readonly shift: number;
  /** When the poll began. */
  readonly askedAt: number;
  /** What is wrong with a device that answers. */
  readonly degraded: string | null;
  /** Whether its host answered, apart from the management protocol. */
  readonly reach: Reach | null;
}

async function recordState(
  transaction: Transaction<TenantDatabase>,
  device: Device,
  readings: readonly Reading[],
  { now, shift, askedAt, degraded, reach }: PollFacts,
): Promise<NewEvent<TenantEvents>[]> {
  const outcome = await outcomeOf(transaction, device, readings, { shift, reach });
  const judged = degradedBy(judgePoll(device, outcome), degraded);
  const moved = judged.state !== device.state;
  const health = readings.find((reading) => reading.health !== null)?.health ?? null;
  const after = await updateDevice(transaction, device.id, {
    missedPolls: judged.missedPolls,
    askedAt: new Date(askedAt),
    polledAt: new Date(now),
    stateEvidence: judged.evidence,
    stateSource: `poll over ${outcome.source}`,
    ...(moved ? { state: judged.state, stateSince: new Date(now) } : {}),
    ...(outcome.kind === 'SILENT'
      ? { silentSince: device.silentSince ?? new Date(now) }
      : { seenAt: new Date(now), silentSince: null }),
    ...(reach === null ? {} : reachColumns(reach)),
    ...(health === null ? {} : { ...healthColumns(health), healthAt: new Date(now) }),
  });
  return moved ? [stateChanged(device, after, now, actor)] : [];
}

/** A device that answers, but not well. */
function degradedBy(judged: StateJudgement, degraded: string | null): StateJudgement {
  return judged.state === 'ONLINE' && degraded !== null
    ? { ...judged, state: 'DEGRADED', evidence: degraded }
    : judged;
}

async function outcomeOf(
  transaction: Transaction<TenantDatabase>,
  device: Device,
  readings: readonly Reading[],
  { shift, reach }: Pick<PollFacts, 'shift' | 'reach'>,
): Promise<PollOutcome> {
  const source = readings.map((reading) => reading.protocol).join(', ');
  const failures = readings.flatMap(({ protocol, failure }) =>
    failure === null ? [] : [{ ...failure, words: `${protocol}: ${failure.words}` }],
  );
  if (failures.length === 0) return { kind: 'ANSWERED', source };
  const failure = failures.map((one) => one.words).join('; ');
  if (failures.length < readings.length || failures.some((one) => !one.silent))
    return { kind: 'PARTIAL', source, failure };
  // A word from before the silence proves nothing: power fails between two polls.
  const { silentSince } = device;
  const liveSessions =
    silentSince === null
      ? 0
      : await sessionsHeardSince(transaction, device.id, new Date(silentSince.getTime() + shift));
  return { kind: 'SILENT', source, failure, liveSessions, reach };
}

function reachColumns({ method, verdict, rttMilliseconds, detail, observedAt }: Reach) {
  return {
    reachMethod: method,
    reachVerdict: verdict,
    reachRttMilliseconds: rttMilliseconds,
    reachDetail: detail,
    reachAt: new Date(observedAt),
  };
}

function healthColumns(health: DeviceHealth) {
  const { uptimeSeconds, memory } = health;
  const main = memory[0];
  return {
    uptimeSeconds: BigInt(Math.floor(uptimeSeconds)),
    processorPercent: processorPercent(health),
    memoryUsedBytes: main?.usedBytes?.toString() ?? null,
    memoryTotalBytes: main?.totalBytes?.toString() ?? null,
  };
}

async function recordInterfaces(
  transaction: Transaction<TenantDatabase>,
  clock: Clock,
  before: { readonly device: Device; readonly known: readonly NetworkInterface[] },
  {
    interfaces,
    observedAt,
  }: { readonly interfaces: readonly DeviceInterface[]; readonly observedAt: number },
): Promise<NewEvent<TenantEvents>[]> {
  const { device } = before;
  const known = new Map(before.known.map((row) => [row.stableKey, row]));
  const at = new Date(observedAt);
  const written = interfaces.map((seen) => {
    const before = known.get(seen.stableKey) ?? null;
    return { seen, before, row: rowOf(seen, before, device.id, newId('ifc', clock), at) };
  });
  await upsertInterfaces(
    transaction,
    written.map((one) => one.row),
  );
  await insertRates(
    transaction,
    written.flatMap(({ row: { id, inBitsPerSecond, outBitsPerSecond } }) =>
      inBitsPerSecond === null || outBitsPerSecond === null
        ? []
        : [{ interfaceId: id, at, inBitsPerSecond, outBitsPerSecond }],
    ),
  );
  return written.flatMap(({ seen, before, row }) =>
    before === null || !operStatusChanged(before.operStatus, seen.operStatus)
      ? []
      : [
          {
            type: 'interface.state.changed' as const,
            subject: device.id,
            payload: {
              deviceId: device.id,
              interfaceId: row.id,
              name: seen.name,
              from: before.operStatus ?? 'unknown',
              to: seen.operStatus ?? 'unknown',
            },
            occurredAt: observedAt,
            actor,
          },
        ],
  );
}

function rowOf(
  seen: DeviceInterface,
  before: NetworkInterface | null,
  deviceId: string,
  newInterfaceId: string,
  at: Date,
): InterfaceRow {
  const { stableKey, name, alias, mac, mtu, adminStatus, operStatus, counterBits, uptimeSeconds } = seen;
  const sameStatus = before !== null && before.operStatus === operStatus;
  return {
    id: before?.id ?? newInterfaceId,
    deviceId,
    stableKey,
    name,
    alias,
    mac,
    mtu,
    speedBitsPerSecond: seen.speedBitsPerSecond?.toString() ?? null,
    adminStatus,
    operStatus,
    operStatusSince: (sameStatus ? (before.operStatusSince ?? at) : at).toISOString(),
    inOctets: seen.inOctets?.toString() ?? null,
    outOctets: seen.outOctets?.toString() ?? null,
    counterBits,
    countersAt: at.toISOString(),
    countersUptimeSeconds: uptimeSeconds,
    inBitsPerSecond: rate(seen, before, at, 'inOctets'),
    outBitsPerSecond: rate(seen, before, at, 'outOctets'),
    seenAt: at.toISOString(),
  };
}

function rate(
  seen: DeviceInterface,
  before: NetworkInterface | null,
  at: Date,
  counter: 'inOctets' | 'outOctets',
): string | null {
  if (before === null || before.countersAt === null) return null;
  const earlier: CounterSample = {
    at: before.countersAt.getTime(),
    uptimeSeconds: before.countersUptimeSeconds,
    octets: before[counter] === null ? null : BigInt(before[counter]),
    counterBits: before.counterBits as 32 | 64 | null,
  };
  const now: CounterSample = {
    at: at.getTime(),
    uptimeSeconds: seen.uptimeSeconds,
    octets: seen[counter],
    counterBits: seen.counterBits,
  };
  const result = rateBetween(earlier, now, seen.speedBitsPerSecond);
  return result.kind === 'RATE' ? result.bitsPerSecond.toString() : null;
}
