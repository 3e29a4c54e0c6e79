import { DeviceError, type Reach, type ReachProbe } from '@dotmac/device';
import type { Destinations } from '../device/destination.ts';

/** A look at the host of a device while the device itself is asked. */
export interface HostLook {
  /** Null also for a name without an address, and where no device may be. */
  readonly done: Promise<Reach | null>;
  /** The device has answered: the look is needless. */
  readonly forget: () => null;
}

/** Looks whether a host is there until the limit, or until that is needless. */
export function lookAtHost(
  reach: ReachProbe,
  destinations: Destinations,
  host: string,
  limit: AbortSignal,
): HostLook {
  const needless = new AbortController();
  return {
    done: look(reach, destinations, host, AbortSignal.any([limit, needless.signal])),
    forget() {
      needless.abort();
      return null;
    },
  };
}

async function look(
  reach: ReachProbe,
  destinations: Destinations,
  host: string,
  signal: AbortSignal,
): Promise<Reach | null> {
  try {
    return await reach.look(await destinations.addressOf(host), signal);
  } catch (error) {
    if (error instanceof DeviceError) return null;
    throw error;
  }
}
