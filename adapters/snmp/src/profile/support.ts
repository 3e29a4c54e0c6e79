import { profiles } from './catalogue.ts';
import type { Profile } from './schema.ts';

/** What a profile lets us read of a family of devices. Counts are of tables and scalars, not of readings. */
export interface SupportEntry {
  readonly profile: string;
  /** Private enterprise numbers it is chosen by; empty for standard MIBs and for systems told by rule. */
  readonly enterprises: readonly number[];
  /** For any maker: of a standard MIB, or of one that makers repeat. */
  readonly standard: boolean;
  readonly identity: readonly ('model' | 'version' | 'serial')[];
  readonly processors: number;
  readonly memory: number;
  readonly sensors: number;
  readonly states: number;
  readonly wireless: number;
  /** `mib`: from the maker's document; `recordings`, `reports`: as a profile's `evidence`. */
  readonly evidence: 'mib' | NonNullable<Profile['evidence']>;
}

/** The support that the profiles hold, in the order of their ids: what the catalogue of devices is made of. */
export function supportEntries(source: readonly Profile[] = profiles()): SupportEntry[] {
  return source.map(entryOf).sort((a, b) => (a.profile < b.profile ? -1 : 1));
}

function entryOf(profile: Profile): SupportEntry {
  const { sensors = [], identity = {} } = profile;
  const states = sensors.filter((it) => it.class === 'state').length;
  return {
    profile: profile.id,
    enterprises: profile.match.enterprise ?? [],
    standard: profile.match.always === true || profile.match.layout !== undefined,
    identity: (['model', 'version', 'serial'] as const).filter((field) => (identity[field] ?? []).length > 0),
    processors: profile.processors?.length ?? 0,
    memory: profile.memory?.length ?? 0,
    sensors: sensors.length - states,
    states,
    wireless: profile.wireless?.length ?? 0,
    evidence: profile.evidence ?? 'mib',
  };
}
