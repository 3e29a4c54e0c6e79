import { appendEvents } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { NetworkServices } from '../builder.ts';
import { directoryOf } from '../link/store.ts';
import { topology } from '../topology/store.ts';
import { accessLineOf, type Place, placeOf, replaces, type Sighting } from './rules.ts';
import {
  allPlaces,
  openLines,
  portsBetweenDevices,
  type ServicePlace,
  sightingsOfServices,
  writePlaces,
} from './store.ts';

const actor = 'system:places';
/** A place that says the same is written anew only when its time has moved by this much. */
const restampMilliseconds = 5 * 60_000;

/** Brings every service's place to what is seen and said now; tells of those who are connected elsewhere. */
export async function reconcilePlaces({ database, clock }: NetworkServices): Promise<number> {
  return database.transaction().execute(async (transaction) => {
    const [ways, seen, lines, between, directory, known] = [
      await topology(transaction),
      await sightingsOfServices(transaction),
      await openLines(transaction),
      await portsBetweenDevices(transaction),
      await directoryOf(transaction),
      new Map((await allPlaces(transaction)).map((place) => [place.serviceId, place])),
    ];
    const sightings = new Map<string, Sighting[]>();
    const add = (serviceId: string, sighting: Sighting) => {
      const list = sightings.get(serviceId);
      if (list === undefined) sightings.set(serviceId, [sighting]);
      else list.push(sighting);
    };
    for (const { serviceId, at, ...one } of seen) {
      const elsewhere = one.via === 'FORWARDING' && one.interfaceId !== null && between.has(one.interfaceId);
      if (!elsewhere) add(serviceId, { ...one, at: at.getTime() });
    }
    for (const { serviceId, nasName, deviceId, port, circuitId, at } of lines) {
      const said = { interfaceId: null, at: at.getTime() };
      const line = circuitId === null ? null : accessLineOf(circuitId);
      const node = line === null ? null : directory.named(line.node);
      if (line !== null && node !== null)
        add(serviceId, {
          ...said,
          via: 'CIRCUIT_ID',
          deviceId: node,
          interfaceId: directory.portNamed(node, line.port)?.id ?? null,
          portName: line.port,
          source: `circuit id ${circuitId} at ${nasName}`,
        });
      if (deviceId !== null)
        add(serviceId, {
          ...said,
          via: 'NAS_PORT',
          deviceId,
          interfaceId: port === null ? null : (directory.portNamed(deviceId, port)?.id ?? null),
          portName: port,
          source: `NAS-Port of ${nasName}`,
        });
    }
    const changed: (Place & { readonly serviceId: string })[] = [];
    for (const [serviceId, list] of sightings) {
      const place = placeOf(list, ways);
      const before = known.get(serviceId);
      const passedOn =
        before?.via === 'FORWARDING' && before.interfaceId !== null && between.has(before.interfaceId);
      if (place === null || !worthWriting(passedOn ? undefined : before, place)) continue;
      changed.push({ ...place, serviceId });
    }
    await writePlaces(
      transaction,
      changed.map(({ at, alternatives, ...place }) => ({
        ...place,
        alternatives: [...alternatives],
        observedAt: new Date(at),
      })),
    );
    // That he is where he logs in is known without a place.
    const moved = changed.filter(({ serviceId, deviceId, via }) => {
      const before = known.get(serviceId);
      return before === undefined ? via !== 'NAS_PORT' : before.deviceId !== deviceId;
    });
    const now = clock.now();
    await appendEvents<TenantEvents>(
      transaction,
      moved.map(({ serviceId, deviceId }) => ({
        type: 'service.attached',
        subject: serviceId,
        payload: { serviceId, deviceId },
        occurredAt: now,
        actor,
      })),
    );
    return moved.length;
  });
}

function worthWriting(before: ServicePlace | undefined, place: Place): boolean {
  if (before === undefined) return true;
  const was: Place = { ...before, at: before.observedAt.getTime() };
  const same =
    was.deviceId === place.deviceId &&
    was.interfaceId === place.interfaceId &&
    was.portName === place.portName &&
    was.via === place.via &&
    was.alternatives.join() === place.alternatives.join();
  return same ? place.at - was.at > restampMilliseconds : replaces(was, place);
}
