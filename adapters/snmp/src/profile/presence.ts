import { compareOids, decodeOid, encodeOid, isBelow } from '../codec/oid.ts';
import type { SnmpSession } from '../engine/session.ts';
import type { TableOptions } from '../engine/table.ts';
import { SnmpError } from '../error.ts';
import { enterpriseNumber } from '../identity/enterprises.ts';

const ENTERPRISES = '1.3.6.1.4.1';
const MOST_ENTERPRISES = 24;
const AT_ONCE = 16;

/**
 * The private enterprise numbers a device has objects of, found by stepping from one private subtree to the next:
 * one small request for each. What hardware is inside often shows here and nowhere in the system group.
 */
export async function enterprisesOf(session: SnmpSession, options: TableOptions): Promise<number[]> {
  const found: number[] = [];
  let from = ENTERPRISES;
  while (found.length < MOST_ENTERPRISES) {
    const [next] = await session.getNext([from], { signal: options.signal });
    if (next === undefined || next.value.type === 'endOfMibView') break;
    const number = enterpriseNumber(decodeOid(next.oid));
    // Numbers that do not increase would go round for ever.
    if (number === null || number <= (found.at(-1) ?? -1)) break;
    found.push(number);
    from = `${ENTERPRISES}.${number + 1}`;
  }
  return found;
}

/**
 * Which of some subtrees have an object in them: sixteen answered by one request. An agent that refuses the question
 * is taken to have them all, so that nothing is missed.
 */
export async function presentSubtrees(
  session: SnmpSession,
  roots: readonly string[],
  options: TableOptions,
): Promise<ReadonlySet<string>> {
  // Under v1 one subtree at the end of the tree spoils the answer for all.
  if (session.version === '1') return new Set(roots);
  const present = new Set<string>();
  for (let start = 0; start < roots.length; start += AT_ONCE) {
    const part = roots.slice(start, start + AT_ONCE);
    const answers = await answersTo(session, part, options);
    part.forEach((root, i) => {
      const answer = answers?.[i];
      if (answers === null) present.add(root);
      else if (answer !== undefined && answer.value.type !== 'endOfMibView') {
        const asked = encodeOid(root);
        // What does not lie after the question is no answer to it: the table itself will show what is wrong.
        if (isBelow(answer.oid, asked) || compareOids(answer.oid, asked) <= 0) present.add(root);
      }
    });
  }
  return present;
}

/** Null when the agent refuses, or answers less than it was asked. */
async function answersTo(session: SnmpSession, roots: readonly string[], { signal }: TableOptions) {
  try {
    const answers = await session.getNext(roots, { signal });
    return answers.length < roots.length ? null : answers;
  } catch (error) {
    if (error instanceof SnmpError && error.code === 'errorStatus') return null;
    throw error;
  }
}
