import { decodeOid } from '../codec/oid.ts';
import type { SnmpSession } from '../engine/session.ts';
import type { TableOptions } from '../engine/table.ts';
import { ENTERPRISES, enterpriseNumber } from './enterprises.ts';
import { telltales } from './systems.ts';

/** Makers one agent serves tables of; an agent that shows more is taken to go round in circles. */
const MAX_ENTERPRISES = 24;
/** Objects of one GETNEXT: the reply stays well below what an agent sends in one datagram. */
const PART = 12;

/**
 * The private subtrees an agent serves, below 1.3.6.1.4.1: every enterprise number, and of the telltale subtrees
 * those that are there. Many Linux boxes report the number of net-snmp instead of their maker's, and are told apart
 * only so. One small GETNEXT for each enterprise and one more. Rejects with `SnmpError`.
 */
export async function servedSubtrees(session: SnmpSession, options: TableOptions): Promise<Set<string>> {
  const served = new Set<string>();
  let from = 0;
  while (served.size < MAX_ENTERPRISES) {
    const [answer] = await session.getNext([`${ENTERPRISES}${from}`], options);
    if (answer === undefined || answer.value.type === 'endOfMibView') break;
    const number = enterpriseNumber(decodeOid(answer.oid));
    if (number === null || number < from) break;
    served.add(String(number));
    from = number + 1;
  }
  const asked = telltales.filter(
    (subtree) => subtree.includes('.') && served.has(subtree.split('.')[0] ?? ''),
  );
  for (let start = 0; start < asked.length; start += PART) {
    for (const subtree of await presentOf(session, asked.slice(start, start + PART), options)) {
      served.add(subtree);
    }
  }
  return served;
}

async function presentOf(
  session: SnmpSession,
  subtrees: readonly string[],
  options: TableOptions,
): Promise<string[]> {
  const answers = await session.getNext(
    subtrees.map((subtree) => `${ENTERPRISES}${subtree}`),
    options,
  );
  // v1 fails a whole request for one object past the end, and some agents cut what does not fit: ask for less.
  const ended = answers.every(({ value }) => value.type === 'endOfMibView');
  if (subtrees.length > 1 && (answers.length !== subtrees.length || (ended && session.version === '1'))) {
    const half = Math.ceil(subtrees.length / 2);
    return [
      ...(await presentOf(session, subtrees.slice(0, half), options)),
      ...(await presentOf(session, subtrees.slice(half), options)),
    ];
  }
  return subtrees.filter((subtree, i) => {
    const answer = answers[i];
    return (
      answer !== undefined &&
      answer.value.type !== 'endOfMibView' &&
      `${decodeOid(answer.oid)}.`.startsWith(`${ENTERPRISES}${subtree}.`)
    );
  });
}
