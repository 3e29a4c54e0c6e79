import { vendorOfObjectId } from '../identity/enterprises.ts';
import { systemRules } from '../identity/systems.ts';
import { type SupportEntry, supportEntries } from './support.ts';

/** What is supported of a maker: the systems told by rule, and what its profiles read. */
interface Maker {
  readonly name: string;
  readonly systems: Set<string>;
  readonly identity: Set<string>;
  processors: number;
  memory: number;
  sensors: number;
  states: number;
  radio: number;
  readonly evidence: Set<SupportEntry['evidence']>;
}

const IDENTITY = ['model', 'version', 'serial'] as const;
const NOBODY = 'any maker';

/** The catalogue of devices (`docs/devices.md`), from the rules and the profiles: nothing in it is written by hand. */
export function devicesDocument(): string {
  const makers = makersOf(supportEntries());
  const named = makers.filter(({ name }) => name !== NOBODY);
  const measured = named.filter((it) => levelOf(it) === 'L4').length;
  const rows = makers.map(
    (it) =>
      `| ${it.name} | ${levelOf(it)} | ${[...it.systems].sort().join(', ')} | ${identityText(it)} | ${healthText(it)} ` +
      `| ${it.sensors || ''} | ${it.states || ''} | ${it.radio || ''} | ${[...it.evidence].sort().join(', ')} |`,
  );
  return `${HEAD}
${named.length} makers are told by rule or read by profile, ${measured} of them up to L4. Every other maker is told by its
enterprise number.

| maker | up to | systems told apart | identity | health | sensors | states | radio | written from |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}

const HEAD = `# Devices

Made by \`pnpm devices\` from the rules and profiles in \`adapters/snmp\`; a test holds it to them.

A device's support is what was read of it, not what its name promises. The levels:

| level | what DotMac gives | for |
| --- | --- | --- |
| L1 | up or down, ports and counters; processors, memory, sensors and UPS of standard MIBs | any device with SNMP |
| L2 | the maker | any maker in IANA's registry of enterprise numbers |
| L3 | operating system, model, version, serial | the systems below |
| L4 | processors, memory, sensors, states and radio of the maker's own tables | the makers below that have numbers |

The numbers count objects and columns that a profile names, not readings of a device: a model has those its maker put
into it. *Written from* says how the profile is known: \`mib\` from the maker's document, \`recordings\` from what a few
devices answered, so that a unit or a state may want a look at the device's own page, \`reports\` from what several
operators of such devices say in public and agree on. No hardware was at hand: profiles are tried against recordings.
\`vitest run --project integration adapters/snmp/src/probe/recordings.integration.test.ts\`
holds the share of what is known of 807 of them that is read to its floors (where the recordings are at hand).

Some MIBs are repeated by many makers below numbers of their own, since they bought the switch or its software:
FASTPATH, Accton's, Comware's, Ruijie's, and BDCOM's after Cisco's. They are looked for below the number of every maker
whose objects a device has, and read where all their signs are; under *any maker* in the table.

Of a maker that no profile knows, the probe looks at 1,500 private objects at most and takes those that say what they
are: a text with a unit, a number beside a unit or beside a name such as "board temperature", a table in the order of
SFF-8472 with its 3.3 V (optical modules), a text in the form of a version or serial number, texts side by side that may
be model, version and serial. Names of limits and states are no measurements. Such readings carry \`guessed\` with the
reason, such facts a warning. A description that begins with a maker's name counts before the number: boxes are sold
under other names than their builder's.

A device that is not here, or not read in full: \`dotmac device record\` walks it with names and secrets hidden,
\`dotmac device learn\` makes a draft profile of the walk and says what it guessed and why. A profile is a JSON file;
put into the folder \`profiles\` of the state folder (or one named by \`--profiles\`) it is used by the next probe, and
\`dotmac device check\` says what is wrong in it.
`;

function makersOf(entries: readonly SupportEntry[]): Maker[] {
  const makers = new Map<string, Maker>();
  const maker = (name: string): Maker => {
    const key = name.toLowerCase();
    const known = makers.get(key);
    if (known !== undefined) return known;
    const made = { processors: 0, memory: 0, sensors: 0, states: 0, radio: 0 };
    const fresh: Maker = { name, systems: new Set(), identity: new Set(), evidence: new Set(), ...made };
    makers.set(key, fresh);
    return fresh;
  };
  for (const rule of systemRules) {
    const it = maker(rule.vendor ?? NOBODY);
    if (rule.os !== null) it.systems.add(rule.os);
    for (const field of IDENTITY) {
      const inText = rule.text?.some((pattern) => pattern.includes(`(?<${field}>`)) === true;
      if ((rule[field]?.length ?? 0) > 0 || inText) it.identity.add(field);
    }
  }
  for (const entry of entries) {
    const names = entry.standard ? [NOBODY] : entry.enterprises.map(nameOf);
    for (const name of new Set(names)) {
      const it = maker(name);
      it.processors += entry.processors;
      it.memory += entry.memory;
      it.sensors += entry.sensors;
      it.states += entry.states;
      it.radio += entry.wireless;
      it.evidence.add(entry.evidence);
      for (const field of entry.identity) it.identity.add(field);
    }
  }
  return [...makers.values()].sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1));
}

/** Numbers of agents and chips belong to whoever built them in. */
function nameOf(enterprise: number): string {
  return vendorOfObjectId(`1.3.6.1.4.1.${enterprise}`) ?? NOBODY;
}

function levelOf({ systems, identity, processors, memory, sensors, states, radio }: Maker): string {
  if (processors + memory + sensors + states + radio > 0) return 'L4';
  return systems.size > 0 && identity.size > 0 ? 'L3' : 'L2';
}

function identityText({ identity }: Maker): string {
  return IDENTITY.filter((field) => identity.has(field)).join(', ');
}

function healthText({ processors, memory }: Maker): string {
  return [...(processors > 0 ? ['processors'] : []), ...(memory > 0 ? ['memory'] : [])].join(', ');
}
