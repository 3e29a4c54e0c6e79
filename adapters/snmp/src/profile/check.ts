import type { ProfileProblem } from './problem.ts';
import type { Profile } from './schema.ts';
import { profileShape } from './shape.ts';

/** Everything that is wrong in a profile; empty when it can be used. The same check for ours and an operator's. */
export function checkProfile(content: unknown): ProfileProblem[] {
  const parsed = profileShape.safeParse(content);
  if (!parsed.success) {
    return parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  }
  return meaningProblems(parsed.data as unknown as Profile);
}

/** What the shape alone does not say: one object a source, states that exist, no reading twice. */
function meaningProblems(profile: Profile): ProfileProblem[] {
  const problems: ProfileProblem[] = [];
  for (const section of ['sensors', 'wireless', 'processors'] as const) {
    const seen = new Set<string>();
    for (const [i, it] of (profile[section] ?? []).entries()) {
      const path = `${section}.${i}`;
      if ((it.oid === undefined) === (it.column === undefined)) {
        problems.push({ path, message: 'expected either oid (a scalar) or column (a table)' });
      }
      const chosen = 'class' in it ? [it.when?.oid, it.when?.values, it.aggregate] : [];
      const part = [it.rows, ...chosen].filter((each) => each !== undefined).join(' ');
      const key = `${'class' in it ? it.class : ''} ${it.oid ?? it.column} ${part}`;
      if (seen.has(key)) problems.push({ path, message: `gives ${key.trim()} a second time` });
      seen.add(key);
      if (!('class' in it)) continue;
      if (it.thresholds !== undefined && it.entitySensors !== true)
        problems.push({ path: `${path}.thresholds`, message: 'goes with entitySensors; else name limits' });
      const { variant } = it;
      const cases =
        variant === undefined ? [] : 'names' in variant ? variant.names : Object.values(variant.cases);
      for (const kind of [it, ...cases]) {
        const known = typeof kind.states === 'string' ? profile.states?.[kind.states] : kind.states;
        if (kind.class === 'state' && Object.keys(known ?? kind.texts ?? {}).length === 0) {
          problems.push({ path: `${path}.states`, message: 'a state needs its enumeration' });
        }
      }
    }
  }
  for (const [i, it] of (profile.memory ?? []).entries()) {
    const given = [it.total, it.used, it.free].filter((oid) => oid !== undefined).length;
    if (it.percent === undefined && given < 2) {
      problems.push({ path: `memory.${i}`, message: 'expected two of total, used and free, or percent' });
    }
  }
  return problems;
}
