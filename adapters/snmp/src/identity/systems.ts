import type { SystemGroup } from '../mib/system.ts';
import { ENTERPRISES } from './enterprises.ts';
import type { SystemRule } from './rule.ts';
import access from './rules/access.json' with { type: 'json' };
import cisco from './rules/cisco.json' with { type: 'json' };
import environment from './rules/environment.json' with { type: 'json' };
import general from './rules/general.json' with { type: 'json' };
import power from './rules/power.json' with { type: 'json' };
import printers from './rules/printers.json' with { type: 'json' };
import routing from './rules/routing.json' with { type: 'json' };
import security from './rules/security.json' with { type: 'json' };
import servers from './rules/servers.json' with { type: 'json' };
import switching from './rules/switching.json' with { type: 'json' };
import wireless from './rules/wireless.json' with { type: 'json' };

/** Every rule. A new system is an entry in a file of `rules/`; a test checks its shape. */
export const systemRules = [
  ...general,
  ...cisco,
  ...routing,
  ...switching,
  ...access,
  ...wireless,
  ...security,
  ...servers,
  ...power,
  ...environment,
  ...printers,
] as unknown as readonly SystemRule[];

interface CompiledRule {
  readonly rule: SystemRule;
  readonly objectId: readonly string[] | null;
  readonly sysDescr: RegExp | null;
}

const compiled: readonly CompiledRule[] = systemRules.map((rule) => ({
  rule,
  objectId: rule.objectId?.map((it) => (it.startsWith('.') ? it.slice(1) : `${ENTERPRISES}${it}`)) ?? null,
  sysDescr: rule.sysDescr === undefined ? null : new RegExp(rule.sysDescr, 'i'),
}));

/** The rules of one system: it may show itself in several ways, and its facts stand in the same places. */
export function rulesOf(os: string | null): readonly SystemRule[] {
  return os === null ? [] : systemRules.filter((rule) => rule.os === os);
}

/** Subtrees whose presence tells a system, below 1.3.6.1.4.1. */
export const telltales: readonly string[] = [...new Set(systemRules.flatMap(({ has }) => has ?? []))];

/**
 * The system a device shows, or null. A subtree that only one system has is the strongest sign; then the longest
 * prefix of sysObjectID, then a sysDescr that fits. A generic rule yields to any other; among
 * equals the rule that stands first counts.
 */
export function systemOf(
  device: Pick<SystemGroup, 'sysObjectId' | 'sysDescr'>,
  present: ReadonlySet<string> = new Set(),
): SystemRule | null {
  let best: SystemRule | null = null;
  let bestWeight = Number.NEGATIVE_INFINITY;
  for (const candidate of compiled) {
    const weight = weightOf(candidate, device, present);
    if (weight !== null && weight > bestWeight) {
      best = candidate.rule;
      bestWeight = weight;
    }
  }
  return best;
}

const TELLTALE = 1_000;
const ARC = 2;

/** How strongly a rule holds; null when it does not. */
function weightOf(
  { rule, objectId, sysDescr }: CompiledRule,
  device: Pick<SystemGroup, 'sysObjectId' | 'sysDescr'>,
  present: ReadonlySet<string>,
): number | null {
  let weight = 0;
  if (rule.has !== undefined) {
    const there = rule.has.filter((subtree) => present.has(subtree));
    if (there.length === 0) return null;
    weight += TELLTALE + ARC * Math.max(...there.map((subtree) => subtree.split('.').length));
  }
  if (objectId !== null) {
    const shown = `${device.sysObjectId ?? ''}.`;
    const holding = objectId.filter((prefix) => shown.startsWith(`${prefix}.`));
    if (holding.length === 0) return null;
    weight += ARC * Math.max(...holding.map((prefix) => prefix.split('.').length));
  }
  if (sysDescr !== null) {
    if (!sysDescr.test(device.sysDescr ?? '')) return null;
    // Without an object id, the text is all there is: it outweighs a maker's bare number.
    weight += objectId === null ? TEXT_ALONE : ARC;
  }
  return rule.generic ? weight - TELLTALE : weight;
}

/** Below a maker's bare number (7 arcs): what a device says in words counts where its number says nothing. */
const TEXT_ALONE = 13;
