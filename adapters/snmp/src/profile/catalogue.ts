import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { enterpriseNumber } from '../identity/enterprises.ts';
import { inProduct } from '../identity/facts.ts';
import { checkProfile } from './check.ts';
import { ProfileError } from './problem.ts';
import type { Profile } from './schema.ts';

let builtIn: readonly Profile[] | null = null;

/** The profiles that come with DotMac, standard MIBs first. A new family of devices is a new file in `data/`. */
export function profiles(): readonly Profile[] {
  builtIn ??= readFolder(fileURLToPath(new URL('data/', import.meta.url))).map(
    ({ content }) => content as Profile,
  );
  return builtIn;
}

/**
 * The profiles of a folder that an operator keeps: every `*.json` file is one, and is checked as ours are. Throws
 * `ProfileError` naming the file and everything wrong in it.
 */
export function profilesOfFolder(folder: string): readonly Profile[] {
  return readFolder(folder).map(({ file, content }) => {
    const problems = checkProfile(content);
    if (problems.length > 0) throw new ProfileError(file, problems);
    return content as Profile;
  });
}

function readFolder(folder: string): { readonly file: string; readonly content: unknown }[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
  // What a maker says of its own hardware counts before the standard's general words.
  files.sort((a, b) => Number(isStandard(b)) - Number(isStandard(a)) || (a < b ? -1 : 1));
  return files.map((file) => {
    const text = readFileSync(`${folder}/${file}`, 'utf8');
    try {
      return { file, content: JSON.parse(text) as unknown };
    } catch (error) {
      throw new ProfileError(file, [
        {
          path: '',
          message: `is no JSON: ${error instanceof Error ? error.message : String(error)}`,
        },
      ]);
    }
  });
}

const isStandard = (file: string) => file === 'standard.json' || file === 'ups-mib.json';

/**
 * The profiles that apply to a device: the standard ones, those of its system or its maker, and those of makers
 * whose private objects it has (`enterprises`), whatever it calls itself. `own` are an operator's, and count first.
 */
export function profilesFor(
  device: { readonly os: string | null; readonly sysObjectId: string | null },
  enterprises: readonly number[] = [],
  own: readonly Profile[] = [],
): Profile[] {
  const named = enterpriseNumber(device.sysObjectId);
  const numbers = new Set(named === null ? enterprises : [named, ...enterprises]);
  const chosen = withOwn(own).filter(
    ({ match }) =>
      match.always ||
      (device.os !== null && match.os?.includes(device.os)) ||
      match.enterprise?.some((number) => numbers.has(number)),
  );
  return chosen.map((profile) => forProduct(profile, device.sysObjectId));
}

/** Ours and an operator's of MIBs that makers repeat: for `layoutsOf`, which asks the device where they are. */
export function layoutProfiles(own: readonly Profile[] = []): Profile[] {
  return withOwn(own).filter(({ match }) => match.layout);
}

/** Ours, and an operator's in the place of those with the same id. */
function withOwn(own: readonly Profile[]): Profile[] {
  const replaced = new Set(own.map(({ id }) => id));
  return [...profiles().filter(({ id }) => !replaced.has(id)), ...own];
}

/** `{10}` in front of an object stands for the first ten arcs of sysObjectID, where makers repeat a MIB per product. */
const PER_PRODUCT = /"(\{\d+\}[\d.]+)"/g;
const texts = new WeakMap<Profile, string | null>();
/** Where a product's own branch is not known: an object nobody has. */
const NOWHERE = '2.999.0';

/** The profile with the product's own branch put in. */
function forProduct(profile: Profile, sysObjectId: string | null): Profile {
  let text = texts.get(profile);
  if (text === undefined) {
    const whole = JSON.stringify(profile);
    text = whole.search(PER_PRODUCT) < 0 ? null : whole;
    texts.set(profile, text);
  }
  if (text === null) return profile;
  const placed = text.replace(PER_PRODUCT, (_, oid: string) => `"${inProduct(oid, sysObjectId) ?? NOWHERE}"`);
  return JSON.parse(placed) as Profile;
}
