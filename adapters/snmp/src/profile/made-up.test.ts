import { systemClock } from '@dotmac/device';
import { describe, expect, test } from 'vitest';
import type { SnmpValue } from '../codec/value.ts';
import { walkSession } from '../walk/agent.ts';
import type { WalkObject } from '../walk/parse.ts';
import { profiles } from './catalogue.ts';
import { readProfiles } from './read.ts';
import type { MemorySource, ProcessorSource, Profile, SensorSource } from './schema.ts';

/** With a number for documentation (RFC 5612) in the place of a branch of the product's or the maker's own. */
const placed = (profile: Profile): Profile =>
  JSON.parse(JSON.stringify(profile).replace(/\{(?:\d+|maker|branch)\}/g, '1.3.6.1.4.1.32473')) as Profile;

const INDEX = '7';
const integer = (value: number): SnmpValue => ({ type: 'integer', value });
const object = (at: { readonly oid?: string; readonly column?: string }, value: SnmpValue): WalkObject => ({
  oid: at.oid ?? `${at.column}.${INDEX}`,
  value,
});

/** What an object of its kind may well hold: a state of its enumeration, else a number that is not "absent". */
function valueFor(source: SensorSource, states: Profile['states']): SnmpValue {
  const known = typeof source.states === 'string' ? states?.[source.states] : source.states;
  const state = Object.keys(known ?? {})[0];
  if (state === undefined) return integer([37, 41, 1].find((it) => !source.absent?.includes(it)) ?? 43);
  return source.bits ? { type: 'octets', value: Buffer.of(Number(state)) } : integer(Number(state));
}

/** Sources that need more than their own object to be read have tests of their own. */
const alone = (it: SensorSource) =>
  it.when === undefined &&
  it.rows === undefined &&
  it.variant === undefined &&
  it.texts === undefined &&
  it.entitySensors !== true &&
  it.exponentColumn === undefined &&
  it.precisionColumn === undefined &&
  it.signedScaleColumn === undefined &&
  it.divisorColumn === undefined;

async function read(profile: Profile, walk: readonly WalkObject[]) {
  return readProfiles(walkSession(walk, systemClock), [profile], new Map(), {});
}

describe.each(profiles().map((it) => [it.id, placed(it)] as const))('of %s', (id, profile) => {
  const { match, states } = profile;
  const shared = states === undefined ? {} : { states };

  test('every sensor and radio is read from an object as its MIB has it', async () => {
    for (const section of ['sensors', 'wireless'] as const) {
      for (const source of (profile[section] ?? []).filter(alone)) {
        const walk = [object(source, valueFor(source, states))];
        const found = await read({ id, match, ...shared, [section]: [source] }, walk);
        const [reading] = found[section];
        expect(reading, `${section} ${walk[0]?.oid}`).toMatchObject({ class: source.class });
        if (source.class === 'state') expect(reading?.text, walk[0]?.oid).toBeTypeOf('string');
      }
    }
  });

  test('every processor and pool of memory is read', async () => {
    for (const source of (profile.processors ?? []) as readonly ProcessorSource[]) {
      if (source.rows !== undefined || source.pattern !== undefined) continue;
      const { processors } = await read({ id, match, processors: [source] }, [object(source, integer(7))]);
      expect(processors, source.oid ?? source.column).toHaveLength(1);
    }
    for (const source of (profile.memory ?? []) as readonly MemorySource[]) {
      const amounts = { total: 4096, used: 1024, free: 3072, percent: 25 };
      const walk = Object.entries(amounts).flatMap(([name, value]) => {
        const oid = source[name as keyof typeof amounts];
        if (oid === undefined) return [];
        return [object(source.scalar ? { oid } : { column: oid }, integer(value))];
      });
      const { memory } = await read({ id, match, memory: [source] }, walk);
      expect(memory, source.total ?? source.percent).toHaveLength(1);
    }
  });
});
