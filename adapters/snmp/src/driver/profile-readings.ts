import type { DeviceIdentity } from '@dotmac/device';
import type { SnmpSession } from '../engine/session.ts';
import type { TableOptions } from '../engine/table.ts';
import type { MemoryReading, ProcessorReading } from '../mib/host.ts';
import type { InterfaceRow } from '../mib/interfaces.ts';
import { layoutProfiles, profilesFor } from '../profile/catalogue.ts';
import { identityValue } from '../profile/identity.ts';
import { layoutsOf } from '../profile/layouts.ts';
import { withPorts } from '../profile/ports.ts';
import { enterprisesOf } from '../profile/presence.ts';
import { readProfiles } from '../profile/read.ts';
import type { Profile } from '../profile/schema.ts';

/** What the profiles of a device's family add to what every device shows. */
export interface ProfileFacts {
  readonly identity: DeviceIdentity;
  readonly processors: readonly ProcessorReading[];
  readonly memory: readonly MemoryReading[];
  /** Ids of the profiles of its family. */
  readonly ids: readonly string[];
  /** All that apply, whole. */
  readonly chosen: readonly Profile[];
  /** Only those that gave a processor or memory, with nothing else in them: what a poll reads again. */
  readonly forHealth: readonly Profile[];
  /** Only the tables of ports outside IF-MIB, of those profiles that have some. */
  readonly forPorts: readonly Profile[];
}

const noNames: ReadonlyMap<string, string> = new Map();

/**
 * Reads what the profiles for a device say of its identity, processors and memory. `own` are the tenant's: they count first.
 * Rejects with `SnmpError`.
 */
export async function readProfileFacts(
  session: SnmpSession,
  identity: DeviceIdentity,
  own: readonly Profile[],
  options: TableOptions,
): Promise<ProfileFacts> {
  const enterprises = await enterprisesOf(session, options);
  const family = profilesFor(identity, enterprises, own);
  const { sysObjectId } = identity;
  const chosen = [
    ...family,
    ...(await layoutsOf(session, layoutProfiles(own), { sysObjectId, enterprises }, family, options)),
  ];
  const light = chosen.map(({ sensors: _, wireless: __, ports: ___, ...profile }) => profile);
  const { values } = await readProfiles(session, light, noNames, options);
  const forHealth: Profile[] = [];
  const processors: ProcessorReading[] = [];
  const memory: MemoryReading[] = [];
  for (const { identity: _, ...profile } of light) {
    const given = await readProfiles(session, [profile], noNames, options);
    if (given.processors.length === 0 && given.memory.length === 0) continue;
    forHealth.push(profile);
    processors.push(...given.processors);
    memory.push(...given.memory);
  }
  const ownIds = new Set(own.map(({ id }) => id));
  const told = (field: 'model' | 'version' | 'serial') => {
    const value = (profiles: readonly Profile[]) =>
      identityValue(
        profiles.toReversed().flatMap((profile) => profile.identity?.[field] ?? []),
        values,
        identity,
      );
    // A tenant's own profile was written for this very hardware.
    return value(light.filter(({ id }) => ownIds.has(id))) ?? identity[field] ?? value(light);
  };
  return {
    identity: { ...identity, model: told('model'), version: told('version'), serial: told('serial') },
    processors,
    memory,
    chosen,
    ids: chosen.filter(({ match }) => match.always !== true).map(({ id }) => id),
    forHealth,
    forPorts: chosen.flatMap(({ id, match, ports }) => (ports === undefined ? [] : [{ id, match, ports }])),
  };
}

/** The ports of IF-MIB with those of the maker's own tables, where one of `profiles` has some. Rejects with `SnmpError`. */
export async function withOwnPorts(
  session: SnmpSession,
  standard: readonly InterfaceRow[],
  profiles: readonly Profile[],
  options: TableOptions,
): Promise<readonly InterfaceRow[]> {
  if (profiles.length === 0) return standard;
  const { values } = await readProfiles(session, profiles, noNames, options);
  return withPorts(
    standard,
    profiles.flatMap(({ ports }) => ports ?? []),
    values.columns,
  );
}
