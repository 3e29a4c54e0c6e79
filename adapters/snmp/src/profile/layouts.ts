import type { SnmpSession } from '../engine/session.ts';
import type { TableOptions } from '../engine/table.ts';
import { ENTERPRISES, isHardware } from '../identity/enterprises.ts';
import { inProduct } from '../identity/facts.ts';
import { presentSubtrees } from './presence.ts';
import type { Profile } from './schema.ts';

const BRANCH = /\{branch\}/g;
/** A device of many makers' objects is agent software; its hardware is one of the first. */
const MOST_MAKERS = 6;

interface Candidate {
  readonly layout: Profile;
  readonly branch: string;
  readonly signs: readonly string[];
}

/**
 * Profiles of MIBs that makers repeat below a number of their own, because they bought the switch or its software:
 * each placed at the branches of the makers whose objects the device has (`enterprises`) that show all its signs.
 * Asks for the signs alone, sixteen in a request. Objects that `chosen` reads already are left to it.
 * Rejects with `SnmpError`.
 */
export async function layoutsOf(
  session: SnmpSession,
  layouts: readonly Profile[],
  device: { readonly sysObjectId: string | null; readonly enterprises: readonly number[] },
  chosen: readonly Profile[],
  options: TableOptions,
): Promise<Profile[]> {
  // Under v1 the signs cannot be told from what comes after them.
  if (session.version === '1') return [];
  const candidates = layouts.flatMap((layout) => candidatesOf(layout, device));
  if (candidates.length === 0) return [];
  const asked = [...new Set(candidates.flatMap(({ signs }) => signs))];
  const present = await presentSubtrees(session, asked, options);
  const known = new Set(chosen.flatMap(objectsNamed));
  const shown = candidates.filter(({ signs }) => signs.every((sign) => present.has(sign)));
  // A device has a MIB once; one that refuses to answer seems to have it everywhere.
  const once = shown.filter(({ layout }) => shown.filter((it) => it.layout === layout).length === 1);
  return once.map(({ layout, branch }) => unread(placed(layout, branch), known));
}

function candidatesOf(
  layout: Profile,
  {
    sysObjectId,
    enterprises,
  }: { readonly sysObjectId: string | null; readonly enterprises: readonly number[] },
): Candidate[] {
  const { branches, signs } = layout.match.layout ?? { branches: [], signs: [] };
  const makers = enterprises.filter(isHardware).slice(0, MOST_MAKERS);
  const places = branches.flatMap((branch) =>
    branch.startsWith('{maker}')
      ? makers.map((maker) => branch.replace('{maker}', `${ENTERPRISES}${maker}`))
      : (inProduct(branch, sysObjectId) ?? []),
  );
  return [...new Set(places)].map((branch) => ({
    layout,
    branch,
    signs: signs.map((sign) => sign.replace(BRANCH, branch)),
  }));
}

function placed(layout: Profile, branch: string): Profile {
  return JSON.parse(JSON.stringify(layout).replace(BRANCH, branch)) as Profile;
}

/** Without the sources whose object another profile reads. */
function unread(profile: Profile, known: ReadonlySet<string>): Profile {
  const fresh = (it: { readonly oid?: string; readonly column?: string }) =>
    !known.has(it.oid ?? it.column ?? '');
  const { processors, memory, sensors } = profile;
  return {
    ...profile,
    ...(processors === undefined ? {} : { processors: processors.filter(fresh) }),
    ...(memory === undefined
      ? {}
      : { memory: memory.filter((it) => !known.has(it.total ?? it.percent ?? '')) }),
    ...(sensors === undefined ? {} : { sensors: sensors.filter(fresh) }),
  };
}

function objectsNamed({ processors = [], memory = [], sensors = [] }: Profile): string[] {
  return [
    ...[...processors, ...sensors].map(({ oid, column }) => oid ?? column ?? ''),
    ...memory.map(({ total, percent }) => total ?? percent ?? ''),
  ];
}
