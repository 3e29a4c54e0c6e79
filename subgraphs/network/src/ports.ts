import type { Clock, DriverRegistry, ReachProbe } from '@dotmac/device';
import type { RadiusPort } from './aaa/port.ts';

/** What the composition root gives the network: drivers for devices, and the functions of the RADIUS adapter. */
export interface NetworkPorts {
  readonly drivers: DriverRegistry;
  readonly radius: RadiusPort;
  /**
   * The time in which NASes live, and the RADIUS server stamps what they say; default the machine's. A demo's business
   * clock that jumps a month ahead makes nobody's session stale.
   */
  readonly sessionClock?: Clock;
  /** Looks whether the host of a device that falls silent is there; default nobody does. */
  readonly reach?: ReachProbe;
  /** The address of a host's name; default as the system resolves it. */
  readonly resolve?: (name: string) => Promise<string>;
  /** Where leases that are not in the database yet outlive the process; without it a crash forgets the newest fifth of a second. */
  readonly leaseFolder?: string;
  /** Checks a tenant's device profiles and puts them to use; default there are none. */
  readonly profiles?: ProfileKit;
  /** Between two looks for sessions that have fallen silent; default 60. */
  readonly reapIntervalSeconds?: number;
  /** Between two polls of a device; default 60. */
  readonly pollIntervalSeconds?: number;
  /** Between two readings of registered radios; default 300. Neighbours and bridges are read every third time. */
  readonly surveyIntervalSeconds?: number;
  /** Between two readings of a device's sensors; default 300. Optics of line cards are read every twelfth time. */
  readonly sensorIntervalSeconds?: number;
  /** Between two readings of a port that somebody watches; default 1. */
  readonly portWatchSeconds?: number;
  /** Waits before each reading back while a device settles, in milliseconds; default 0, 250, 1000, 2500. */
  readonly settleMilliseconds?: readonly number[];
  /** Before a change whose device was silent is run again, doubled each time; default 1000. */
  readonly retryMilliseconds?: number;
}

/** Something wrong in a device profile: where, and what would be right. */
export interface ProfileProblem {
  readonly path: string;
  readonly message: string;
}

/** A driver's profiles, as the network fills them. */
export interface ProfileKit {
  check(content: unknown): readonly ProfileProblem[];
  /** All of a tenant's, each of which passed the check. */
  use(contents: readonly unknown[]): void;
}

/** A trap or inform as the network takes it: a hint that something may have changed at its source. */
export interface TrapHint {
  /** Without a zone. */
  readonly sourceAddress: string;
  /** snmpTrapOID, also of v1. */
  readonly trapOid: string;
  readonly version: '1' | '2c' | '3';
}
