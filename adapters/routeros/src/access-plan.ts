import { createHash } from 'node:crypto';
import type { DesiredAccess, Plan, PlanStep } from '@dotmac/device';
import type { AccessSnapshot, SeenQueue } from './access-snapshot.ts';
import { missingRule, suspendedList } from './reads.ts';
import { describeSentence } from './redact.ts';
import { type Arguments, commandWords } from './sentence.ts';
import { queueRates, sameRates } from './values.ts';

/**
 * How a step finds its row at the moment of writing. Ids are never kept from the plan: the router may have given them
 * to another row since.
 */
export type RowFinder = { readonly menu: string; readonly where: readonly string[] };

/** One change, as data. `find` is what it acts on; without it, it adds, unless `unless` finds it done already. */
export interface AccessStep extends PlanStep {
  readonly command: string;
  readonly args: Arguments;
  readonly find?: RowFinder;
  readonly unless?: RowFinder;
  /** Ends the connections of this address instead of running a command. */
  readonly flush?: string;
}

/** What is to be done, and what is not as wanted, in words. No steps and no differences: it is as wanted. */
export interface AccessAssessment {
  readonly steps: readonly AccessStep[];
  readonly differences: readonly string[];
}

const listMenu = '/ip/firewall/address-list';
const queueMenu = '/queue/simple';

/** Compares what is wanted with what is, and derives the commands. Entries without our mark are never touched. */
export function assessAccess(desired: DesiredAccess, seen: AccessSnapshot): AccessAssessment {
  if (desired.mode === 'blocked') return assessBlocked(desired, seen);
  const list = desired.mode === 'walledGarden' ? assessSuspended(desired, seen) : assessOpen(desired, seen);
  const queue = assessQueue(desired, seen);
  return {
    steps: [...list.steps, ...queue.steps],
    differences: [...list.differences, ...queue.differences],
  };
}

function assessBlocked(desired: DesiredAccess, seen: AccessSnapshot): AccessAssessment {
  const sessions = seen.sessions.map((session): AccessStep => {
    const where = [`?name=${session.username}`, `?session-id=${session.printedSessionId}`];
    return removal(`session ${session.username} ${session.sessionId}`, '/ppp/active', session.id, where);
  });
  // His address goes back to the pool: what hangs on it would hit whoever gets it next.
  const entries = ownEntries(desired, seen).map((entry) => removeEntry(desired, entry.address, entry.id));
  const queues = ownQueues(desired, seen).map((queue) => removeQueue(desired, queue));
  return {
    steps: [...sessions, ...entries, ...queues],
    differences: [
      ...seen.sessions.map((session) => `session ${session.sessionId} of ${session.username} is still up`),
      ...leftovers([...entries, ...queues]),
    ],
  };
}

function assessOpen(desired: DesiredAccess, seen: AccessSnapshot): AccessAssessment {
  const steps = ownEntries(desired, seen).map((entry) => removeEntry(desired, entry.address, entry.id));
  const foreign = seen.entries.filter((entry) => entry.comment !== desired.marker && !entry.disabled);
  const differences = foreign.map((entry) => {
    const owner = entry.dynamic
      ? 'one the router made (RADIUS)'
      : `one that is not ours ("${entry.comment}")`;
    return `${entry.address} is on ${suspendedList} by an entry that is not to be touched: ${owner}`;
  });
  return { steps, differences: [...leftovers(steps), ...differences] };
}

function assessSuspended(desired: DesiredAccess, seen: AccessSnapshot): AccessAssessment {
  const steps: AccessStep[] = [];
  const differences: string[] = [];
  for (const address of seen.addresses) {
    const there = seen.entries.filter((entry) => entry.address === address);
    if (there.some((entry) => !entry.disabled)) continue;
    differences.push(`${address} is not on ${suspendedList}`);
    const disabled = there.find((entry) => entry.comment === desired.marker);
    if (disabled !== undefined) steps.push(enableEntry(desired, address, disabled.id));
    else steps.push(addEntry(desired, address));
    steps.push(flushConnections(address));
  }
  const stale = ownEntries(desired, seen).filter((entry) => !seen.addresses.includes(entry.address));
  const removals = stale.map((entry) => removeEntry(desired, entry.address, entry.id));
  if (!seen.enforced) differences.push(missingRule);
  return { steps: [...steps, ...removals], differences: [...differences, ...leftovers(removals)] };
}

function assessQueue(desired: DesiredAccess, seen: AccessSnapshot): AccessAssessment {
  const own = ownQueues(desired, seen);
  if (seen.addresses.length === 0) {
    const steps = own.map((queue) => removeQueue(desired, queue));
    return { steps, differences: leftovers(steps) };
  }
  const wanted = queueRates(desired.shaping);
  const targets = seen.addresses.map((address) => `${address}/32`);
  const matching = [...targets, ...seen.sessions.map((session) => session.port)];
  const effective = seen.queues.find(
    (queue) => !queue.disabled && queue.targets.some((target) => matching.includes(target)),
  );
  const made = seen.queues.find((queue) => queue.dynamic && sameRates(queue.rates, wanted));
  if (made !== undefined) {
    // RADIUS made the right queue already; a second one would only stand in its way.
    const steps = own.map((queue) => removeQueue(desired, queue));
    const shadowed = effective !== undefined && effective !== made && !own.includes(effective);
    const differences = shadowed ? [`queue ${effective.name} stands before ${made.name} and wins`] : [];
    return { steps, differences: [...differences, ...leftovers(steps)] };
  }
  const [first, ...extra] = own;
  const removals = extra.map((queue) => removeQueue(desired, queue));
  const others = seen.queues.filter((queue) => queue.comment !== desired.marker && !queue.disabled);
  const steps: AccessStep[] = [];
  const differences: string[] = [];
  if (first === undefined) {
    differences.push(`no queue gives ${wanted['max-limit']}`);
    steps.push(addQueue(desired, { target: targets.join(','), ...wanted }, others[0]));
  } else {
    const same =
      sameRates(first.rates, wanted) && first.targets.join(',') === targets.join(',') && !first.disabled;
    if (!same) {
      differences.push(
        `queue ${first.name} gives ${first.rates['max-limit']}, wanted ${wanted['max-limit']}`,
      );
      steps.push(setQueue(desired, first, { target: targets.join(','), ...wanted, disabled: 'no' }));
    }
    if (effective !== undefined && effective !== first && !extra.includes(effective)) {
      differences.push(`queue ${effective.name} stands before ${first.name} and wins`);
      steps.push(moveQueue(desired, first, effective));
    }
  }
  return { steps: [...removals, ...steps], differences: [...differences, ...leftovers(removals)] };
}

const ownEntries = (desired: DesiredAccess, seen: AccessSnapshot) =>
  seen.entries.filter((entry) => entry.comment === desired.marker && !entry.dynamic);
const ownQueues = (desired: DesiredAccess, seen: AccessSnapshot) =>
  seen.queues.filter((queue) => queue.comment === desired.marker && !queue.dynamic);
const leftovers = (steps: readonly AccessStep[]) => steps.map((step) => `${step.ref} is still there`);

function step(
  kind: PlanStep['kind'],
  ref: string,
  command: string,
  args: Arguments,
  more: Partial<AccessStep> & { readonly shownId?: string } = {},
): AccessStep {
  const { shownId, ...rest } = more;
  const shown = shownId === undefined ? args : { '.id': shownId, ...args };
  return { kind, ref, command, args, native: describeSentence(commandWords(command, shown)), ...rest };
}

function removal(ref: string, menu: string, id: string, where: readonly string[]): AccessStep {
  return step('delete', ref, `${menu}/remove`, {}, { shownId: id, find: { menu, where } });
}

const entryWhere = (desired: DesiredAccess, address: string) => [
  `?list=${suspendedList}`,
  `?comment=${desired.marker}`,
  `?address=${address}`,
];

function removeEntry(desired: DesiredAccess, address: string, id: string): AccessStep {
  return removal(`address-list ${suspendedList} ${address}`, listMenu, id, entryWhere(desired, address));
}

function enableEntry(desired: DesiredAccess, address: string, id: string): AccessStep {
  return step(
    'update',
    `address-list ${suspendedList} ${address}`,
    `${listMenu}/set`,
    { disabled: 'no' },
    {
      shownId: id,
      find: { menu: listMenu, where: entryWhere(desired, address) },
      before: 'disabled',
      after: 'enabled',
    },
  );
}

function addEntry(desired: DesiredAccess, address: string): AccessStep {
  return step(
    'create',
    `address-list ${suspendedList} ${address}`,
    `${listMenu}/add`,
    { list: suspendedList, address, comment: desired.marker },
    { unless: { menu: listMenu, where: entryWhere(desired, address) }, after: address },
  );
}

/** Connections that stand already would go on past the list, those of fast-track unseen. */
function flushConnections(address: string): AccessStep {
  return {
    kind: 'action',
    ref: `connections of ${address}`,
    command: '/ip/firewall/connection/remove',
    args: {},
    native: `/ip/firewall/connection/remove (every connection from ${address})`,
    flush: address,
  };
}

const queueWhere = (desired: DesiredAccess, name: string) => [`?comment=${desired.marker}`, `?name=${name}`];

function queueName(marker: string): string {
  return marker.replaceAll(':', '-');
}

function addQueue(desired: DesiredAccess, values: Arguments, before: SeenQueue | undefined): AccessStep {
  const name = queueName(desired.marker);
  const place: Arguments = before === undefined ? {} : { 'place-before': before.id };
  return step(
    'create',
    `queue ${name}`,
    `${queueMenu}/add`,
    { name, ...values, comment: desired.marker, ...place },
    { unless: { menu: queueMenu, where: queueWhere(desired, name) }, after: values['max-limit'] ?? '' },
  );
}

function setQueue(desired: DesiredAccess, queue: SeenQueue, values: Arguments): AccessStep {
  return step('update', `queue ${queue.name}`, `${queueMenu}/set`, values, {
    shownId: queue.id,
    find: { menu: queueMenu, where: queueWhere(desired, queue.name) },
    before: queue.rates['max-limit'] ?? '',
    after: values['max-limit'] ?? '',
  });
}

function moveQueue(desired: DesiredAccess, queue: SeenQueue, before: SeenQueue): AccessStep {
  return step(
    'update',
    `queue ${queue.name}`,
    `${queueMenu}/move`,
    { destination: before.id },
    {
      shownId: queue.id,
      find: { menu: queueMenu, where: queueWhere(desired, queue.name) },
      before: `after ${before.name}`,
      after: `before ${before.name}`,
    },
  );
}

function removeQueue(desired: DesiredAccess, queue: SeenQueue): AccessStep {
  return removal(`queue ${queue.name}`, queueMenu, queue.id, queueWhere(desired, queue.name));
}

/**
 * SHA-256 over the target, what is wanted and what was read. Ids are left out: they may change while nothing does.
 */
export function accessDigest(target: string, desired: DesiredAccess, seen: AccessSnapshot): string {
  const withoutIds = {
    sessions: seen.sessions.map(({ id: _, ...session }) => session),
    entries: seen.entries.map(({ id: _, ...entry }) => entry),
    queues: seen.queues.map(({ id: _, rates: { '.id': __, ...rates }, ...queue }) => ({ ...queue, rates })),
    enforced: seen.enforced,
  };
  const plain = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
  return createHash('sha256')
    .update(JSON.stringify([target, desired, withoutIds], plain))
    .digest('hex');
}

/** The worst that carrying out the steps does to the subscriber. */
export function riskOf(steps: readonly AccessStep[]): Plan['risk'] {
  if (steps.some((one) => one.command.startsWith('/ppp/active/'))) return 'session-drop';
  return steps.some((one) => one.flush !== undefined || one.kind === 'create') ? 'traffic' : 'none';
}

/** The step as the port shows it, without what only the driver needs. */
export function publicStep({ kind, ref, before, after, native }: AccessStep): PlanStep {
  return {
    kind,
    ref,
    native,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  };
}
