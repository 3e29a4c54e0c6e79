import type { DeviceIdentity } from '@dotmac/device';
import type { SnmpSession } from '../engine/session.ts';
import type { TableOptions } from '../engine/table.ts';
import { SnmpError } from '../error.ts';
import {
  chassisOf,
  descriptionOf,
  modelOf,
  type PhysicalEntities,
  readEntities,
  softwareOf,
} from '../mib/entity.ts';
import { readSystem, type SystemGroup } from '../mib/system.ts';
import { vendorInText, vendorOfObjectId, vendorOfServed } from './enterprises.ts';
import { type Facts, factsOf, readFacts, textFacts } from './facts.ts';
import { makerInText } from './maker-in-text.ts';
import { withoutMaker } from './maker-name.ts';
import { productOf } from './products.ts';
import type { SystemRule } from './rule.ts';
import standard from './standard.json' with { type: 'json' };
import { rulesOf, systemOf } from './systems.ts';
import { servedSubtrees } from './telltales.ts';

/** Who a device is by its system group and, where that is not enough, by the subtrees it serves. */
export interface KnownSystem {
  readonly rule: SystemRule | null;
  readonly os: string | null;
  readonly vendor: string | null;
}

/** Maker and system by rule. Pure; `served` are the private subtrees found, where they were looked for. */
export function knownSystem(system: SystemGroup, served: ReadonlySet<string> = new Set()): KnownSystem {
  const rule = systemOf(system, served);
  const vendor =
    rule?.vendor ??
    (rule?.os == null ? (makerInText(system.sysDescr) ?? vendorOfObjectId(system.sysObjectId)) : null);
  const told = rule === null ? vendorInText(system.sysDescr) : null;
  return { rule, os: rule?.os ?? null, vendor: vendor ?? vendorOfServed(served) ?? told };
}

/** As `knownSystem`, with the subtrees it serves where the system group says little. Rejects with `SnmpError`. */
export async function recognise(
  session: SnmpSession,
  system: SystemGroup,
  options: TableOptions,
): Promise<KnownSystem> {
  const known = knownSystem(system);
  if (known.rule !== null && !known.rule.generic) return known;
  return knownSystem(system, await servedSubtrees(session, options));
}

/** Objects of standard MIBs in which any maker may give its facts (UPS-MIB, Printer-MIB, DOCS-CABLE-DEVICE-MIB). */
const standardFacts = standard as unknown as SystemRule;

/** Model, version and serial: the maker's own objects, sysDescr, the chassis of ENTITY-MIB, then other standard MIBs. */
export async function readIdentity(
  session: SnmpSession,
  system: SystemGroup,
  known: KnownSystem,
  physical: PhysicalEntities,
  options: TableOptions,
): Promise<Facts & { readonly maker: string | null }> {
  const rules =
    known.rule === null ? [] : [known.rule, ...rulesOf(known.os).filter((it) => it !== known.rule)];
  const values = await readFacts(session, [...rules, standardFacts], system.sysObjectId, options);
  const chassis = chassisOf(physical);
  const described = descriptionOf(physical);
  const found = rules.map((rule) => factsOf(rule, values, system));
  const own = {
    model: found.find(({ model }) => model !== null)?.model,
    version: found.find(({ version }) => version !== null)?.version,
    serial: found.find(({ serial }) => serial !== null)?.serial,
  };
  const common = factsOf(standardFacts, values, system);
  const plain = known.rule?.generic ? {} : textFacts(standard.text, system.sysDescr);
  return {
    model:
      own.model ??
      chassis?.model ??
      modelOf(physical) ??
      productOf(system.sysObjectId) ??
      common.model ??
      (plain.model == null ? described : withoutMaker(plain.model, known.vendor)) ??
      null,
    version:
      own.version ??
      chassis?.softwareRevision ??
      common.version ??
      plain.version ??
      softwareOf(physical) ??
      chassis?.firmwareRevision ??
      textFacts(standard.text, described).version ??
      null,
    serial: own.serial ?? chassis?.serial ?? common.serial ?? plain.serial ?? null,
    maker: chassis?.maker ?? null,
  };
}

/** Who a device is. Rejects with `SnmpError` when it does not answer. */
export async function identify(session: SnmpSession, options: TableOptions): Promise<DeviceIdentity> {
  const system = await readSystem(session, options);
  const { sysName, sysDescr, sysObjectId } = system;
  try {
    const known = await recognise(session, system, options);
    const physical = await readEntities(session, options);
    const { maker, ...facts } = await readIdentity(session, system, known, physical, options);
    return { vendor: known.vendor ?? maker, os: known.os, ...facts, sysName, sysDescr, sysObjectId };
  } catch (error) {
    if (!(error instanceof SnmpError)) throw error;
    const { vendor, os } = knownSystem(system);
    return { vendor, os, model: null, version: null, serial: null, sysName, sysDescr, sysObjectId };
  }
}
