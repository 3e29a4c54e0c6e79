import type { ManagementAddress } from '../device/store.ts';
import { dueReadings, type PlannedReading, type ReadingKind } from './plan.ts';
import type { Reading } from './poll.ts';

/** What this process has asked of management addresses, and when. Times are those of a steady clock. */
export class AddressMemory {
  /** Addresses that were probed, with what they were then. */
  readonly #probed = new Map<string, string>();
  /** When each kind was last read. */
  readonly #readAt = new Map<string, Map<ReadingKind, number>>();

  /**
   * What to read now, and whether to ask who it is: once per process and address, and again after the device was silent, for it
   * may have come back as another.
   */
  due(
    plan: readonly PlannedReading[],
    address: ManagementAddress,
    now: number,
  ): { readonly kinds: ReadonlySet<ReadingKind>; readonly probe: boolean } {
    const key = keyOf(address);
    const kinds = dueReadings(plan, address.protocol, this.#readAt.get(key) ?? new Map(), now);
    const known = this.#probed.get(key) === signatureOf(address) && address.capabilities.length > 0;
    return { kinds, probe: kinds.has('identity') || !known };
  }

  /** Notes what was read, whatever becomes of the poll. */
  noteRead(address: ManagementAddress, reading: Reading, now: number): void {
    const key = keyOf(address);
    const readAt = this.#readAt.get(key) ?? new Map<ReadingKind, number>();
    if (reading.identity !== null) readAt.set('identity', now);
    if (reading.health !== null) readAt.set('health', now);
    if (reading.interfaces !== null) readAt.set('interfaces', now);
    this.#readAt.set(key, readAt);
  }

  noteProbe(address: ManagementAddress, probed: boolean, { failure }: Reading): void {
    if (failure?.silent === true) this.#probed.delete(keyOf(address));
    else if (probed && failure === null) this.#probed.set(keyOf(address), signatureOf(address));
  }

  /** Has every address asked anew who it is. */
  probeAgain(): void {
    this.#probed.clear();
  }

  /** Forgets the addresses of all other devices. */
  keep(isThere: (deviceId: string) => boolean): void {
    for (const key of this.#readAt.keys()) {
      if (isThere(key.slice(0, key.lastIndexOf(' ')))) continue;
      this.#readAt.delete(key);
      this.#probed.delete(key);
    }
  }
}

function keyOf({ deviceId, protocol }: ManagementAddress): string {
  return `${deviceId} ${protocol}`;
}

function signatureOf({ host, port }: ManagementAddress): string {
  return `${host} ${port}`;
}
