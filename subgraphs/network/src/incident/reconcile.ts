import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents, type NewEvent, newId } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import type { NetworkServices } from '../builder.ts';
import { reachInWords } from '../device/rules.ts';
import { topology } from '../topology/store.ts';
import { affectedServicesAreExact, servicesCutOff, setAffectedServices } from './affected-store.ts';
import { downtimeRecorded, incidentChanged, incidentOpened } from './events.ts';
import { factsOf, type IncidentOptions, type Open, openOnes, underPlannedWork } from './facts.ts';
import { matchIncidents } from './match.ts';
import { type Finding, findOutages } from './rules.ts';
import {
  anythingWrong,
  appendEvidence,
  type Incident,
  type IncidentDevice,
  insertIncident,
  joinDevices,
  lockIncidents,
  updateIncident,
} from './store.ts';
import { type WatchedDevice, watchedDevices } from './watched-devices.ts';
import { changeInWords, proofInWords, summaryOf } from './words.ts';

const actor = 'system:incidents';

interface Pass {
  readonly transaction: Transaction<TenantDatabase>;
  readonly services: NetworkServices;
  readonly options: IncidentOptions;
  readonly devices: ReadonlyMap<string, WatchedDevice>;
  readonly now: number;
  readonly events: NewEvent<TenantEvents>[];
}

/**
 * Brings the incidents to what the facts say now; from the facts alone, so that a pass that was missed is made good by
 * the next one. One transaction: incidents, their lists, their evidence and the events that tell of it.
 * @param doubts since when something speaks against the silence of a device; kept from pass to pass.
 * @returns whether there is anything to watch closely, and which devices should be asked again.
 */
export async function reconcileIncidents(
  services: NetworkServices,
  options: IncidentOptions,
  doubts: Map<string, number>,
): Promise<{ readonly watching: boolean; readonly ask: readonly string[] }> {
  if (!(await anythingWrong(services.database))) {
    doubts.clear();
    return { watching: false, ask: [] };
  }
  const ask: string[] = [];
  await services.database.transaction().execute(async (transaction) => {
    await lockIncidents(transaction);
    const now = services.clock.now();
    const watched = await watchedDevices(transaction, new Date(now));
    const ways = await topology(transaction);
    const devices = underPlannedWork(watched, ways);
    const facts = await factsOf({ transaction, devices, doubts, ways }, options, now);
    const { findings, doubtedIds } = findOutages(facts);
    ask.push(...noteDoubts(doubts, doubtedIds, now));
    const pass: Pass = { transaction, services, options, devices, now, events: [] };
    const { merged, continued, opened, held, ended } = matchIncidents(await openOnes(transaction), findings, {
      now,
      patience: options.clearingMilliseconds,
      canEnd: (id) => devices.get(id)?.silentSince == null || devices.get(id)?.maintenance === true,
    });
    // Before those that go on: two open incidents never have one root.
    const survivors = new Map(continued.map(({ incident, finding }) => [finding, incident]));
    for (const { incident, finding } of merged) await merge(pass, incident, survivors.get(finding));
    for (const { incident, finding } of continued) await goOn(pass, incident, finding);
    for (const finding of opened) await open(pass, finding);
    for (const incident of held) if (answers(pass, incident)) await clear(pass, incident);
    for (const incident of ended) await end(pass, incident);
    await appendEvents<TenantEvents>(transaction, pass.events);
  });
  return { watching: true, ask };
}

/** @returns those that are doubted anew. */
function noteDoubts(doubts: Map<string, number>, ids: readonly string[], now: number): string[] {
  for (const id of doubts.keys()) if (!ids.includes(id)) doubts.delete(id);
  const fresh = ids.filter((id) => !doubts.has(id));
  for (const id of fresh) doubts.set(id, now);
  return fresh;
}

const nameIn =
  ({ devices }: Pass) =>
  (id: string) =>
    devices.get(id)?.name ?? id;

async function open(pass: Pass, finding: Finding): Promise<void> {
  const { transaction, services, now } = pass;
  const at = new Date(now);
  const incident = await insertIncident(transaction, {
    id: newId('inc', services.clock),
    kind: finding.kind,
    state: finding.confirmed ? 'CONFIRMED' : 'SUSPECTED',
    rootDeviceId: finding.rootId,
    summary: summaryOf(finding.kind, nameIn(pass)(finding.rootId)),
    startedAt: new Date(finding.startedAt),
    openedAt: at,
    confirmedAt: finding.confirmed ? at : null,
  });
  await join(pass, incident.id, [], finding);
  await tellProof(pass, incident.id, finding);
  const counted = await countAffected(pass, incident.id, finding);
  pass.events.push(incidentOpened({ ...incident, affectedServices: counted }, now, actor));
}

async function goOn(pass: Pass, { row, members }: Open, finding: Finding): Promise<void> {
  const { transaction, devices, now } = pass;
  const because = changeInWords(row, finding, nameIn(pass));
  const joined = await join(pass, row.id, members, finding);
  const exact =
    joined === 0 &&
    because === null &&
    (await affectedServicesAreExact(transaction, row.id, finding.cutOffIds));
  const affected = exact ? row.affectedServices : await countAffected(pass, row.id, finding);
  if (because === null && joined === 0 && affected === row.affectedServices) return;
  const confirmed = finding.confirmed || row.confirmedAt !== null;
  const after = await updateIncident(transaction, row.id, {
    kind: finding.kind,
    state: confirmed ? 'CONFIRMED' : 'SUSPECTED',
    rootDeviceId: finding.rootId,
    summary: summaryOf(finding.kind, nameIn(pass)(finding.rootId)),
    clearingSince: null,
    confirmedAt: row.confirmedAt ?? (confirmed ? new Date(now) : null),
  });
  if (because !== null) {
    const root = devices.get(finding.rootId);
    const fact = root === undefined ? because : `${because}: ${root.stateEvidence}`;
    await tell(pass, row.id, finding.rootId, root?.stateSource ?? actor, fact);
    if (row.kind !== finding.kind) await tellProof(pass, row.id, finding);
  }
  const words =
    because ?? (joined > 0 ? `${joined} more devices are silent` : `it concerns ${affected} services`);
  pass.events.push(incidentChanged(after, words, now, actor));
}

async function merge(pass: Pass, { row }: Open, into: Open | undefined): Promise<void> {
  if (into === undefined) throw new Error(`Nothing goes on that incident ${row.id} could merge into`);
  await resolve(pass, row, `part of ${into.row.summary}`, into.id);
}

function answers({ devices }: Pass, { row }: Open): boolean {
  return row.state !== 'CLEARING' && devices.get(row.rootDeviceId)?.silentSince === null;
}

async function clear(pass: Pass, { row }: Open): Promise<void> {
  const { transaction, devices, now } = pass;
  const after = await updateIncident(transaction, row.id, {
    state: 'CLEARING',
    clearingSince: new Date(now),
  });
  const root = devices.get(row.rootDeviceId);
  await tell(pass, row.id, row.rootDeviceId, root?.stateSource ?? actor, root?.stateEvidence ?? 'answers');
  pass.events.push(incidentChanged(after, `${root?.name ?? row.rootDeviceId} is back`, now, actor));
}

async function end(pass: Pass, incident: Open): Promise<void> {
  const { devices, now, options } = pass;
  const { row, clearingSince } = incident;
  const root = devices.get(row.rootDeviceId);
  const name = root?.name ?? row.rootDeviceId;
  if (root?.maintenance === true) return resolve(pass, row, `${name} is in maintenance`);
  if (row.state === 'SUSPECTED') return resolve(pass, row, `${name} answered before it was confirmed`);
  if (clearingSince === null) return clear(pass, incident);
  if (now - clearingSince >= options.clearingMilliseconds)
    return resolve(pass, row, `${name} and everything behind it is back`);
}

async function resolve(pass: Pass, row: Incident, resolution: string, mergedInto: string | null = null) {
  const after = await updateIncident(pass.transaction, row.id, {
    state: 'RESOLVED',
    resolvedAt: new Date(pass.now),
    resolution,
    mergedInto,
  });
  await tell(pass, row.id, row.rootDeviceId, actor, resolution);
  pass.events.push(incidentChanged(after, resolution, pass.now, actor));
  const planned = pass.devices.get(row.rootDeviceId)?.maintenance === true;
  if (row.kind !== 'OUTAGE' || row.confirmedAt === null || planned) return;
  // Who was offline anyway, by his own power for one, lost nothing.
  const served = await servicesCutOff(pass.transaction, row.id);
  pass.events.push(...downtimeRecorded(after, served, pass.now, actor));
}

/** Adds who is silent now, with the evidence of each. @returns how many are new. */
async function join(
  { transaction, devices, now }: Pass,
  incidentId: string,
  members: readonly IncidentDevice[],
  finding: Finding,
): Promise<number> {
  const known = new Map(members.map((one) => [one.deviceId, one.role]));
  const roles = new Map<string, 'ROOT' | 'CHILD'>(finding.childIds.map((id) => [id, 'CHILD']));
  for (const { deviceId, role } of members) if (role === 'ROOT') roles.set(deviceId, 'CHILD');
  roles.set(finding.rootId, 'ROOT');
  const changed = [...roles].filter(([id, role]) => known.get(id) !== role);
  await joinDevices(
    transaction,
    changed.map(([deviceId, role]) => ({ incidentId, deviceId, role, joinedAt: new Date(now) })),
  );
  const fresh = changed.filter(([id]) => !known.has(id));
  await appendEvidence(
    transaction,
    fresh.flatMap(([deviceId]) => {
      const device = devices.get(deviceId);
      if (device === undefined) return [];
      const { silentSince, name, polled } = device;
      return [
        {
          incidentId,
          deviceId,
          at: new Date(silentSince ?? finding.startedAt),
          source: polled ? device.stateSource : 'topology',
          fact: polled
            ? `${name}: ${device.stateEvidence}`
            : `${name}: everything that hangs on it is silent`,
        },
      ];
    }),
  );
  return fresh.length;
}

async function tellProof(pass: Pass, incidentId: string, { proof, rootId }: Finding): Promise<void> {
  if (proof === null) return;
  const source = proof.by === 'SESSION' ? 'accounting' : proof.by === 'REACH' ? 'reachability' : 'poll';
  await tell(pass, incidentId, proof.deviceId, source, proofInWords(proof, nameIn(pass)), proof.at);
  const root = pass.devices.get(rootId);
  const { reach = null } = root ?? {};
  if (reach === null || reach.observedAt <= (root?.silentSince ?? 0)) return;
  const fact = `${nameIn(pass)(rootId)}: ${reachInWords(reach)}`;
  await tell(pass, incidentId, rootId, 'reachability', fact, reach.observedAt);
}

async function countAffected(pass: Pass, incidentId: string, finding: Finding): Promise<number> {
  const { transaction, now, options, devices } = pass;
  // Whoever was dropped since the root was last heard of was online.
  const known = devices.get(finding.rootId)?.seenAt ?? finding.startedAt;
  const shift = options.sessionClock.now() - now;
  const { services, online } = await setAffectedServices(transaction, incidentId, finding.cutOffIds, {
    at: new Date(now),
    online: new Date(known + shift),
  });
  await updateIncident(transaction, incidentId, { affectedServices: services });
  await tell(
    pass,
    incidentId,
    finding.rootId,
    'topology and accounting',
    finding.kind === 'OUTAGE'
      ? `${services} services are connected behind it, ${online} of them were online`
      : 'nobody is cut off',
  );
  return services;
}

async function tell(
  { transaction, now }: Pass,
  incidentId: string,
  deviceId: string,
  source: string,
  fact: string,
  at = now,
): Promise<void> {
  await appendEvidence(transaction, [{ incidentId, deviceId, source, fact, at: new Date(at) }]);
}
