import { setTimeout as delay } from 'node:timers/promises';
import {
  type AccessListEntry,
  type AccessSession,
  DeviceError,
  type DeviceInterface,
  type ModelName,
  type ModelOf,
  type OperationContext,
  type StreamEvent,
} from '@dotmac/device';
import type { RouterosClient } from './client.ts';
import {
  accessListEntryOf,
  interfaceFields,
  interfaceOf,
  listFields,
  sessionFields,
  sessionOf,
} from './models.ts';
import type { Row } from './reply.ts';
import { commandWords } from './sentence.ts';

interface Followed<T> {
  readonly menu: string;
  readonly fields: readonly string[];
  /** Null for rows that are not of the model. */
  readonly toModel: (row: Row) => T | null;
}

const interfaces: Followed<DeviceInterface> = {
  menu: '/interface',
  fields: ['.id', ...interfaceFields],
  toModel: (row) => interfaceOf(row, null, null),
};
const sessions: Followed<AccessSession> = {
  menu: '/ppp/active',
  fields: sessionFields,
  toModel: (row) => sessionOf(row, null, null),
};
const accessList: Followed<AccessListEntry> = {
  menu: '/ip/firewall/address-list',
  fields: listFields,
  toModel: accessListEntryOf,
};
const followed: { readonly [M in ModelName]?: Followed<ModelOf[M]> } = {
  interface: interfaces,
  session: sessions,
  accessListEntry: accessList,
};

export interface FollowOptions {
  /** A silent stream asks the device this often whether it is still there. */
  readonly heartbeatMs: number;
  /** 0 to 1, for the jitter between attempts. */
  readonly random: () => number;
}

export const defaultFollowOptions: FollowOptions = { heartbeatMs: 30_000, random: Math.random };

const firstDelayMs = 250;
const longestDelayMs = 30_000;

/**
 * The whole of a model as `snapshot` events, then its changes as they happen. After a lost connection it goes on by
 * itself: `resync`, and the whole again. Counters do not make events. Ends only with an error that a retry cannot cure,
 * or when the signal aborts (`CANCELLED`).
 */
export async function* follow<M extends ModelName>(
  client: RouterosClient,
  model: M,
  context: OperationContext,
  options: FollowOptions = defaultFollowOptions,
): AsyncGenerator<StreamEvent<ModelOf[M]>, void, undefined> {
  const what = followed[model];
  if (what === undefined)
    throw new DeviceError('CAPABILITY_UNSUPPORTED', `The RouterOS driver does not stream "${model}"`);
  let failures = 0;
  while (true) {
    try {
      for await (const event of followOnce(client, what, context, options.heartbeatMs)) {
        failures = 0;
        yield event;
      }
      return;
    } catch (error) {
      if (!(error instanceof DeviceError) || !error.retryable) throw error;
      yield { kind: 'resync', reason: error.message };
      const ceiling = Math.min(longestDelayMs, firstDelayMs * 2 ** failures);
      failures += 1;
      await waitFor(client.retryDelayMs + ceiling * options.random(), context.signal);
    }
  }
}

async function waitFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(milliseconds, undefined, { signal });
  } catch (error) {
    throw new DeviceError('CANCELLED', 'The stream was cancelled', { cause: error });
  }
}

async function* followOnce<T>(
  client: RouterosClient,
  { menu, fields, toModel }: Followed<T>,
  context: OperationContext,
  heartbeatMs: number,
): AsyncGenerator<StreamEvent<T>, void, undefined> {
  const { signal, clock, priority } = context;
  const known = new Map<string, Row>();
  const event = (kind: 'snapshot' | 'upsert' | 'remove', row: Row): StreamEvent<T>[] => {
    const value = toModel(row);
    if (value === null) return [];
    return [{ kind, item: { value, source: `routeros:${menu}`, observedAt: clock.now(), quality: 'good' } }];
  };
  const leave = new AbortController();
  const listen = commandWords(`${menu}/listen`, { '.proplist': fields.join(',') });
  const changes = client.stream(listen, {
    signal: AbortSignal.any([signal, leave.signal]),
  });
  // Asked for before the whole is read, so that no change falls between the two.
  let next = changes.next();
  // Its failure is seen when it is awaited below, or came to the print as well.
  next.catch(() => {});
  let silence: DeviceError | null = null;
  const heartbeat = setInterval(() => {
    client.print('/system/identity', { fields: ['name'] }, { signal, priority }).catch((error: unknown) => {
      // A full queue or a refusal is an answer of a kind; silence is not.
      if (!(error instanceof DeviceError) || error.code !== 'DEADLINE_EXCEEDED') return;
      silence = error;
      leave.abort();
    });
  }, heartbeatMs);
  try {
    for (const row of await client.print(menu, { fields }, { signal, priority })) {
      known.set(row['.id'] ?? '', row);
      yield* event('snapshot', row);
    }
    for (let change = await next; !change.done; change = await next) {
      const row = change.value;
      const id = row['.id'] ?? '';
      const before = known.get(id);
      if (row['.dead'] === undefined) {
        const merged = { ...before, ...row };
        known.set(id, merged);
        yield* event('upsert', merged);
      } else if (before !== undefined) {
        known.delete(id);
        yield* event('remove', before);
      }
      next = changes.next();
    }
  } catch (error) {
    throw silence ?? error;
  } finally {
    clearInterval(heartbeat);
    leave.abort();
    await changes.return();
  }
}
