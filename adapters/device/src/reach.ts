/**
 * How it was found out whether a host is there. `FPING` and `PING` are ICMP echoes by the system's programs; `TCP` a connection
 * that was accepted or refused by the host; `UDP` the host's word that a port is closed (ICMP port unreachable).
 */
export const reachMethods = ['FPING', 'PING', 'TCP', 'UDP'] as const;
export type ReachMethod = (typeof reachMethods)[number];

/** One look at a host, apart from any management protocol. */
export interface Reach {
  readonly host: string;
  readonly method: ReachMethod;
  /** `SILENT` proves little: many hosts and firewalls drop what is not asked for. */
  readonly verdict: 'REACHABLE' | 'SILENT';
  /** Of the fastest answer. */
  readonly rttMilliseconds: number | null;
  /** In words, for the operator. */
  readonly detail: string;
  /** Milliseconds since the epoch. */
  readonly observedAt: number;
}

/** Looks whether a host is there. */
export interface ReachProbe {
  /**
   * Null when nothing could be found out: the host is this machine, its name is unknown, or the signal fired. Never throws.
   */
  look(host: string, signal: AbortSignal): Promise<Reach | null>;
}
