import type { NetworkServices } from '../builder.ts';
import type { TrapHint } from '../ports.ts';
import { devicesAt, keepUnknown } from './store.ts';

/** Traps taken in by one look at the database. */
const mostAtOnce = 1_000;
/** An address of more devices than this is a translator's or a controller's: it does not say which of them is meant. */
const mostOfOneAddress = 16;
/** Those are all asked, but not more often than this, however much is sent from there. */
const sharedMilliseconds = 5_000;

interface Waiting {
  readonly hint: TrapHint;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * What a trap does: the devices at its source are asked at once. Nothing it says is believed; what the answer shows becomes
 * state, events and alarms like that of any poll. What comes while the database is asked is taken in together. Resolves
 * once a trap of an unknown source is in the inbox.
 */
export function followTraps(
  { database, clock }: NetworkServices,
  ask: (deviceIds: readonly string[]) => void,
): (hint: TrapHint) => Promise<void> {
  const waiting: Waiting[] = [];
  const shared = new SharedAddresses(ask);
  let working = false;
  const takeIn = async (hints: readonly TrapHint[]) => {
    const devices = await devicesAt(database, [...new Set(hints.map((hint) => hint.sourceAddress))]);
    const own = [...devices].filter(([, ids]) => ids.length <= mostOfOneAddress);
    const asked = new Set(own.flatMap(([, ids]) => ids));
    if (asked.size > 0) ask([...asked]);
    for (const [address, ids] of devices) if (ids.length > mostOfOneAddress) shared.ask(address, ids);
    await keepUnknown(
      database,
      hints.filter((hint) => !devices.has(hint.sourceAddress)),
      new Date(clock.now()),
    );
  };
  const work = async () => {
    working = true;
    while (waiting.length > 0) {
      const batch = waiting.splice(0, mostAtOnce);
      try {
        await takeIn(batch.map(({ hint }) => hint));
        for (const { done } of batch) done();
      } catch (error) {
        for (const { failed } of batch) failed(error);
      }
    }
    working = false;
  };
  return (hint) =>
    new Promise((done, failed) => {
      waiting.push({ hint, done, failed });
      if (!working) void work();
    });
}

/** Has all devices at an address asked, at once and then at most once in a while; the last word is never left out. */
class SharedAddresses {
  readonly #ask: (deviceIds: readonly string[]) => void;
  /** By address, those to be asked when its while is over. */
  readonly #resting = new Map<string, readonly string[] | null>();

  constructor(ask: (deviceIds: readonly string[]) => void) {
    this.#ask = ask;
  }

  ask(address: string, deviceIds: readonly string[]): void {
    if (this.#resting.has(address)) {
      this.#resting.set(address, deviceIds);
      return;
    }
    this.#resting.set(address, null);
    this.#ask(deviceIds);
    setTimeout(() => {
      const left = this.#resting.get(address) ?? null;
      this.#resting.delete(address);
      if (left !== null) this.ask(address, left);
    }, sharedMilliseconds).unref();
  }
}
