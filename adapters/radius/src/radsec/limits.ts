/** What one peer may take. */
export interface ConnectionLimits {
  /** Milliseconds for a packet that has begun to be whole. */
  readonly packetMs: number;
  /** Milliseconds without a packet. */
  readonly idleMs: number;
  /** Octets of replies that the peer leaves unread. */
  readonly mostUnsent: number;
}

export interface RadSecLimits extends ConnectionLimits {
  readonly mostConnections: number;
  /** Of one NAS; the one that was silent for longest makes room. */
  readonly mostPerNas: number;
  readonly mostHalfOpen: number;
  readonly mostHalfOpenPerAddress: number;
  /** Milliseconds for TLS to stand. */
  readonly handshakeMs: number;
}

export const usualLimits: RadSecLimits = {
  mostConnections: 2_000,
  mostPerNas: 32,
  mostHalfOpen: 256,
  mostHalfOpenPerAddress: 16,
  handshakeMs: 10_000,
  packetMs: 10_000,
  idleMs: 3_600_000,
  mostUnsent: 1024 * 1024,
};
