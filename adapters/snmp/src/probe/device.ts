import type { DeviceIdentity } from '@dotmac/device';
import type { SnmpSession } from '../engine/session.ts';
import type { TableOptions } from '../engine/table.ts';
import { SnmpError } from '../error.ts';
import { knownSystem, readIdentity, recognise } from '../identity/identify.ts';
import { readEntities } from '../mib/entity.ts';
import { type MemoryReading, type ProcessorReading, readHost } from '../mib/host.ts';
import { type InterfaceRow, readInterfaces } from '../mib/interfaces.ts';
import { readSystem } from '../mib/system.ts';
import { layoutProfiles, profilesFor } from '../profile/catalogue.ts';
import { identityValue } from '../profile/identity.ts';
import type { SensorReading } from '../profile/interpret.ts';
import { layoutsOf } from '../profile/layouts.ts';
import { withPorts } from '../profile/ports.ts';
import { enterprisesOf } from '../profile/presence.ts';
import { readProfiles } from '../profile/read.ts';
import type { Profile } from '../profile/schema.ts';
import { guess, unknownMaker } from './guess.ts';

export interface DeviceReport {
  readonly identity: DeviceIdentity;
  readonly interfaces: readonly InterfaceRow[];
  readonly processors: readonly ProcessorReading[];
  readonly memory: readonly MemoryReading[];
  readonly sensors: readonly SensorReading[];
  readonly wireless: readonly SensorReading[];
  readonly warnings: readonly string[];
}

/**
 * Everything that is read of a device on first sight. Rejects with `SnmpError` when it never answers; once it has,
 * a part that fails is a warning. Ends soon after the signal, with what there is. `own` are an operator's profiles;
 * `guessing` looks at the private objects of a maker that no profile knows.
 */
export async function probeDevice(
  session: SnmpSession,
  options: TableOptions,
  own: readonly Profile[] = [],
  guessing = false,
): Promise<DeviceReport> {
  const warnings: string[] = [];
  async function part<T>(name: string, empty: T, read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof SnmpError)) throw error;
      warnings.push(`${name}: ${error.message}`);
      return empty;
    }
  }
  const system = await answeredSystem(session, options, warnings);
  const known = await part('system', knownSystem(system), () => recognise(session, system, options));
  const interfaces = await part('interfaces', { rows: [], complete: false, warnings: [] }, () =>
    readInterfaces(session, options),
  );
  const host = await part('host', { processors: [], memory: [], warnings: [] }, () =>
    readHost(session, options),
  );
  const physical = await part('entities', { entities: new Map(), warnings: [] }, () =>
    readEntities(session, options),
  );
  const names = new Map(
    [...physical.entities].map(([index, entity]) => [index, entity.name ?? entity.descr ?? index]),
  );
  const unknown = { model: null, version: null, serial: null, maker: null };
  const facts = await part('identity', unknown, () =>
    readIdentity(session, system, known, physical, options),
  );
  const enterprises = await part('private subtrees', [], () => enterprisesOf(session, options));
  const { sysObjectId } = system;
  const family = profilesFor({ os: known.os, sysObjectId }, enterprises, own);
  const layouts = await part('layouts', [], () =>
    layoutsOf(session, layoutProfiles(own), { sysObjectId, enterprises }, family, options),
  );
  const chosen = [...family, ...layouts];
  const profiled = await part('profiles', null, () => readProfiles(session, chosen, names, options));
  const fromProfiles = (field: 'model' | 'version' | 'serial') =>
    profiled === null
      ? null
      : identityValue(
          chosen.toReversed().flatMap((profile) => profile.identity?.[field] ?? []),
          profiled.values,
          system,
        );
  const identity = {
    model: facts.model ?? fromProfiles('model'),
    version: facts.version ?? fromProfiles('version'),
    serial: facts.serial ?? fromProfiles('serial'),
  };
  const maker = guessing ? unknownMaker(sysObjectId, enterprises, family) : null;
  const nothing = { identity: {}, sensors: [], warnings: [] };
  // What a Linux says of itself is its kernel's version and the processor's name, not the box's.
  const sure = known.rule?.generic ? { ...identity, model: null, version: null } : identity;
  const guessed =
    maker === null
      ? nothing
      : await part('guesses', nothing, () =>
          guess(session, maker, { ...sure, sysDescr: system.sysDescr }, options),
        );
  const read = new Set((profiled?.sensors ?? []).map(({ oid }) => oid));
  return {
    identity: {
      vendor: known.vendor ?? facts.maker,
      os: known.os,
      ...identity,
      ...guessed.identity,
      sysName: system.sysName,
      sysDescr: system.sysDescr,
      sysObjectId: system.sysObjectId,
    },
    interfaces:
      profiled === null
        ? interfaces.rows
        : withPorts(
            interfaces.rows,
            chosen.flatMap((profile) => profile.ports ?? []),
            profiled.values.columns,
          ),
    processors: [...host.processors, ...(profiled?.processors ?? [])],
    memory: [...host.memory, ...(profiled?.memory ?? [])],
    sensors: [...(profiled?.sensors ?? []), ...guessed.sensors.filter(({ oid }) => !read.has(oid))],
    wireless: profiled?.wireless ?? [],
    warnings: [
      ...warnings,
      ...interfaces.warnings,
      ...host.warnings,
      ...physical.warnings,
      ...(profiled?.warnings ?? []),
      ...guessed.warnings,
    ],
  };
}

/** An agent that refuses the system group has answered: it is there, only nameless. */
async function answeredSystem(session: SnmpSession, options: TableOptions, warnings: string[]) {
  try {
    return await readSystem(session, options);
  } catch (error) {
    if (!(error instanceof SnmpError) || error.code !== 'errorStatus') throw error;
    warnings.push(`system: ${error.message}`);
    return { sysDescr: null, sysObjectId: null, sysUpTime: null, sysName: null, sysLocation: null };
  }
}
