import type { NetworkServices } from '../builder.ts';
import type { TrapHint } from '../ports.ts';
import { devicesAt, keepUnknown } from './store.ts';

/**
 * What a trap does: the device at its source is asked at once. Nothing it says is believed; what the answer shows becomes
 * state, events and alarms like that of any poll. Resolves once a trap of an unknown source is in the inbox.
 */
export function followTraps(
  { database, clock }: NetworkServices,
  ask: (deviceIds: readonly string[]) => void,
): (hint: TrapHint) => Promise<void> {
  return async (hint) => {
    const devices = await devicesAt(database, hint.sourceAddress);
    if (devices.length > 0) ask(devices);
    else await keepUnknown(database, hint, new Date(clock.now()));
  };
}
