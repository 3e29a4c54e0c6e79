import type { Clock, DeviceIdentity } from '@dotmac/device';
import { enterpriseNumber, registeredMaker } from '../identity/enterprises.ts';
import { type DeviceReport, probeDevice } from '../probe/device.ts';
import { layoutProfiles, profilesFor } from '../profile/catalogue.ts';
import { checkProfile } from '../profile/check.ts';
import { layoutsOf } from '../profile/layouts.ts';
import { ProfileError } from '../profile/problem.ts';
import { objectsOf } from '../profile/read.ts';
import type { IdentitySource, Profile } from '../profile/schema.ts';
import { walkSession } from '../walk/agent.ts';
import { parseWalk, type WalkObject } from '../walk/parse.ts';
import { structureOf } from './columns.ts';
import { guessTable } from './guess.ts';
import type { Undecided } from './guessed.ts';
import { guessIdentity } from './identity.ts';
import { guessScalars } from './scalars.ts';

/** What was learnt from a walk of a device that DotMac may not know. */
export interface Lesson {
  /** A draft to be read, corrected and tried; null when nothing private was left to guess. */
  readonly profile: Profile | null;
  readonly recognised: {
    readonly identity: DeviceIdentity;
    /** Profiles that already apply. */
    readonly profiles: readonly string[];
    /** What they read, by section. */
    readonly readings: Readonly<Record<Section, number>>;
  };
  readonly guessed: readonly { readonly oid: string; readonly as: string; readonly why: string }[];
  readonly undecided: readonly Undecided[];
  /** What the device gives more with the draft, by section. */
  readonly gained: Readonly<Record<Section, number>>;
}

type Section = 'interfaces' | 'processors' | 'memory' | 'sensors' | 'wireless';
const sections: readonly Section[] = ['interfaces', 'processors', 'memory', 'sensors', 'wireless'];

const ENTERPRISES = '1.3.6.1.4.1.';
/** Trees that say nothing of the hardware: agent software. */
const SOFTWARE: ReadonlySet<number> = new Set([2021, 8072]);
const MILLISECONDS = 60_000;

/**
 * Reads a walk as if it were the device: what is known is recognised; of the private objects that nothing known
 * reads, those that say what they are (units, names of rows, sizes) are guessed, each with its reason. `own` are an
 * operator's profiles.
 * Throws `ProfileError` only if the draft itself breaks the rules for profiles, which is our fault.
 */
export async function learn(
  objects: readonly WalkObject[],
  clock: Clock,
  own: readonly Profile[] = [],
): Promise<Lesson> {
  const session = () => walkSession(objects, clock);
  const options = { maxMilliseconds: MILLISECONDS };
  const before = await probeDevice(session(), options, own);
  const { identity } = before;
  const private_ = objects.filter(({ oid }) => oid.startsWith(ENTERPRISES));
  const numbers = [...new Set(private_.flatMap(({ oid }) => enterpriseNumber(oid) ?? []))];
  const family = profilesFor(identity, numbers, own);
  const { sysObjectId } = identity;
  const device = { sysObjectId, enterprises: numbers };
  const layouts = await layoutsOf(session(), layoutProfiles(own), device, family, options);
  const known = [...family, ...layouts];
  const unread = unreadOf(private_, known);
  const main = mainEnterprise(identity.sysObjectId, unread);
  const structure = structureOf(unread);
  const found = structure.tables.map(guessTable);
  const sensors = [...guessScalars(structure.scalars), ...found.flatMap((it) => it.sensors)];
  const missing = guessIdentity(structure.scalars, identity.sysDescr ?? '').filter(
    ({ field }) => identity[field] === null,
  );
  const profile =
    main === null
      ? null
      : draftOf(
          main,
          missing,
          sensors.map(({ source }) => source),
        );
  const problems = profile === null ? [] : checkProfile(profile);
  if (profile !== null && problems.length > 0) throw new ProfileError(`the draft ${profile.id}`, problems);
  const after = profile === null ? before : await probeDevice(session(), options, [...own, profile]);
  return {
    profile,
    recognised: {
      identity,
      profiles: known.filter(({ match }) => !match.always).map(({ id }) => id),
      readings: countsOf(before),
    },
    guessed: [
      ...missing.map(({ field, source, why }) => ({ oid: source.oid ?? '', as: field, why })),
      ...sensors.map(({ source, why }) => ({
        oid: source.oid ?? source.column ?? '',
        as: asOf(source),
        why,
      })),
    ],
    undecided: found.flatMap((it) => it.undecided),
    gained: differenceOf(countsOf(after), countsOf(before)),
  };
}

/** As `learn`, of the text of a walk; lines of it that were not understood are `problems`. */
export async function learnWalk(
  text: string,
  clock: Clock,
  own: readonly Profile[] = [],
): Promise<Lesson & { readonly problems: readonly string[] }> {
  const { objects, problems } = parseWalk(text);
  return { ...(await learn(objects, clock, own)), problems };
}

/** Objects that no profile in use reads. */
function unreadOf(objects: readonly WalkObject[], known: readonly Profile[]): WalkObject[] {
  const { scalars, tables } = objectsOf(known);
  const entries = [...tables.keys()];
  return objects.filter(({ oid }) => {
    if (SOFTWARE.has(enterpriseNumber(oid) ?? 0) || scalars.has(oid)) return false;
    return !entries.some((entry) => oid.startsWith(`${entry}.`));
  });
}

/** The maker's number: that of sysObjectID when it has private objects, else the one with most of them. */
function mainEnterprise(sysObjectId: string | null, unread: readonly WalkObject[]): number | null {
  const uses = new Map<number, number>();
  for (const { oid } of unread) {
    const number = enterpriseNumber(oid);
    if (number !== null) uses.set(number, (uses.get(number) ?? 0) + 1);
  }
  const own = enterpriseNumber(sysObjectId);
  if (own !== null && uses.has(own)) return own;
  return [...uses].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null;
}

function draftOf(
  enterprise: number,
  identity: readonly { readonly field: 'model' | 'version' | 'serial'; readonly source: IdentitySource }[],
  sensors: NonNullable<Profile['sensors']>,
): Profile | null {
  if (identity.length === 0 && sensors.length === 0) return null;
  const maker = (registeredMaker(enterprise) ?? 'maker').toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return {
    id: `${maker.slice(0, 3).join('-') || 'maker'}-${enterprise}-draft`,
    evidence: 'recordings',
    match: { enterprise: [enterprise] },
    ...(identity.length === 0
      ? {}
      : { identity: Object.fromEntries(identity.map(({ field, source }) => [field, [source]])) }),
    ...(sensors.length === 0 ? {} : { sensors }),
  };
}

function asOf(source: NonNullable<Profile['sensors']>[number]): string {
  const { variant } = source;
  if (variant === undefined) return source.class;
  const cases = 'names' in variant ? variant.names : Object.values(variant.cases);
  return [...new Set(cases.map((it) => it.class))].join(', ');
}

function countsOf(report: DeviceReport): Record<Section, number> {
  return Object.fromEntries(sections.map((it) => [it, report[it].length])) as Record<Section, number>;
}

function differenceOf(after: Record<Section, number>, before: Record<Section, number>) {
  return Object.fromEntries(sections.map((it) => [it, after[it] - before[it]])) as Record<Section, number>;
}
