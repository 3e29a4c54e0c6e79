import { setTimeout as wait } from 'node:timers/promises';
import { DeviceError, type DeviceFacts, type DriverRegistry } from '@dotmac/device';
import { type JobHandler, newId } from '@dotmac/platform';
import type { NetworkServices } from '../builder.ts';
import type { Destinations } from '../device/destination.ts';
import { operation } from '../device/sessions.ts';
import { addressesAtOnce, addressesOf, addressesPerSecond, parseRange, type Range } from './rules.ts';
import {
  type Discovery,
  discoveryById,
  insertProposals,
  progressDiscovery,
  runningDiscoveries,
} from './store.ts';

export const discoveryQueue = 'network.discovery';

/** Between two credentials at one address: an account that is locked after quick failures stays open. */
const betweenCredentialsMilliseconds = 500;
/** One address with all its credentials and its identification. */
const addressMilliseconds = 20_000;

export interface DiscoveryParts {
  readonly services: NetworkServices;
  readonly drivers: DriverRegistry;
  readonly destinations: Destinations;
}

/** What a discovery's credentials are sealed for. */
export function discoveryPurpose(id: string): string {
  return `discovery:${id}`;
}

/** Looks at every address of a discovery, chunk by chunk; a restart goes on with the chunk that was under way. */
export function discoveryWorker(parts: DiscoveryParts): JobHandler<{ discoveryId: string }> {
  const { services } = parts;
  return {
    queue: discoveryQueue,
    tries: 5,
    concurrency: 1,
    async run({ discoveryId }, signal) {
      for (;;) {
        const discovery = await discoveryById(services.database, discoveryId);
        if (discovery === null || discovery.state !== 'RUNNING' || signal.aborted) return;
        if (!(await searchChunk(parts, discovery, signal))) return;
      }
    },
  };
}

/** After a start: what was under way goes on. */
export async function resumeDiscoveries({ database, jobs }: NetworkServices): Promise<void> {
  for (const { id } of await runningDiscoveries(database))
    await jobs.enqueue(database as never, discoveryQueue, { discoveryId: id }, { singletonKey: id });
}

interface Found {
  readonly host: string;
  readonly credential: number;
  readonly facts: DeviceFacts;
}

/** @returns whether there is more to do. */
async function searchChunk(
  parts: DiscoveryParts,
  discovery: Discovery,
  signal: AbortSignal,
): Promise<boolean> {
  const { database, secrets, clock } = parts.services;
  const { id, port, total } = discovery;
  const ranges = discovery.ranges.map(parseRange).filter((range): range is Range => range !== null);
  const hosts = addressesOf(ranges, discovery.done).take(addressesAtOnce).toArray();
  const credentials = JSON.parse(secrets.open(discovery.credentials, discoveryPurpose(id))) as unknown[];
  const found = await Promise.all(
    hosts.map(async (host, n) => {
      await wait((n / addressesPerSecond) * 1_000, undefined, { signal });
      return lookAt(parts, { host, port, credentials, id }, signal);
    }),
  );
  const done = Math.min(total, discovery.done + hosts.length);
  const state = done >= total || hosts.length === 0 ? 'DONE' : 'RUNNING';
  const now = new Date(clock.now());
  return database.transaction().execute(async (transaction) => {
    await insertProposals(
      transaction,
      found.flatMap((one) =>
        one === null
          ? []
          : [
              {
                id: newId('dpr', clock),
                discoveryId: id,
                host: one.host,
                port,
                credential: one.credential,
                identity: one.facts.identity,
                profiles: one.facts.profiles ?? [],
                foundAt: now,
              },
            ],
      ),
    );
    return progressDiscovery(transaction, id, { done, state, endedAt: state === 'DONE' ? now : null });
  });
}

/** The credentials in order, each once; the first that is answered counts. Null when none is. */
async function lookAt(
  { services, drivers, destinations }: DiscoveryParts,
  address: {
    readonly host: string;
    readonly port: number;
    readonly credentials: readonly unknown[];
    readonly id: string;
  },
  signal: AbortSignal,
): Promise<Found | null> {
  const { host, port, credentials, id } = address;
  // The machine DotMac runs on may have an address in the range.
  if ((await destinations.faultOf(host)) !== null) return null;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(addressMilliseconds)]);
  const context = operation(services.clock, limit, 'bulk', `discovery:${id}`);
  for (const [credential, opened] of credentials.entries()) {
    if (credential > 0) await wait(betweenCredentialsMilliseconds, undefined, { signal });
    const session = drivers.get('snmp').open({ id: `${id} ${host}`, host, port }, opened);
    try {
      await session.alive?.(context, 1);
      const facts = await session.probe(context);
      return { host, credential, facts };
    } catch (error) {
      // Silence and refusal both mean: not with this credential.
      if (!(error instanceof DeviceError)) throw error;
    } finally {
      await session.close();
    }
  }
  return null;
}
