import { enterpriseNumber } from '../identity/enterprises.ts';
import { inProduct } from '../identity/facts.ts';
import apc from './data/apc.json' with { type: 'json' };
import aruba from './data/aruba.json' with { type: 'json' };
import cambiumPmp from './data/cambium.json' with { type: 'json' };
import cambiumEpmp from './data/cambium-epmp.json' with { type: 'json' };
import cisco from './data/cisco.json' with { type: 'json' };
import comware from './data/comware.json' with { type: 'json' };
import fortinet from './data/fortinet.json' with { type: 'json' };
import huawei from './data/huawei.json' with { type: 'json' };
import juniper from './data/juniper.json' with { type: 'json' };
import mikrotik from './data/mikrotik.json' with { type: 'json' };
import nokiaTimos from './data/nokia-timos.json' with { type: 'json' };
import processorsMemory from './data/processors-memory.json' with { type: 'json' };
import standard from './data/standard.json' with { type: 'json' };
import teltonika from './data/teltonika.json' with { type: 'json' };
import ubiquiti from './data/ubiquiti.json' with { type: 'json' };
import upsMib from './data/ups-mib.json' with { type: 'json' };
import { hardwareProfiles } from './hardware.ts';
import type { Profile } from './schema.ts';

/** Every profile. A new family of devices is a new file in `data/` and a line here; a test checks its shape. */
export const profiles: readonly Profile[] = [
  standard,
  upsMib,
  mikrotik,
  ubiquiti,
  cambiumPmp,
  cambiumEpmp,
  teltonika,
  cisco,
  apc,
  aruba,
  comware,
  fortinet,
  huawei,
  juniper,
  nokiaTimos,
  ...processorsMemory,
  ...hardwareProfiles,
] as unknown as readonly Profile[];

/**
 * The profiles that apply to a device: the standard ones, those of its system or its maker, and those of makers
 * whose private objects it has (`enterprises`), whatever it calls itself.
 */
export function profilesFor(
  device: { readonly os: string | null; readonly sysObjectId: string | null },
  enterprises: readonly number[] = [],
): Profile[] {
  const own = enterpriseNumber(device.sysObjectId);
  const numbers = new Set(own === null ? enterprises : [own, ...enterprises]);
  const chosen = profiles.filter(
    ({ match }) =>
      match.always ||
      (device.os !== null && match.os?.includes(device.os)) ||
      match.enterprise?.some((number) => numbers.has(number)),
  );
  return chosen.map((profile) => forProduct(profile, device.sysObjectId));
}

/** `{10}` in front of an object stands for the first ten arcs of sysObjectID, where makers repeat a MIB per product. */
const PER_PRODUCT = /"(\{\d+\}[\d.]+)"/g;
const perProduct = new Set(profiles.filter((profile) => JSON.stringify(profile).search(PER_PRODUCT) >= 0));
/** Where a product's own branch is not known: an object nobody has. */
const NOWHERE = '2.999.0';

/** The profile with the product's own branch put in. */
export function forProduct(profile: Profile, sysObjectId: string | null): Profile {
  if (!perProduct.has(profile)) return profile;
  const text = JSON.stringify(profile).replace(
    PER_PRODUCT,
    (_, oid: string) => `"${inProduct(oid, sysObjectId) ?? NOWHERE}"`,
  );
  return JSON.parse(text) as Profile;
}
