import type { AccessMode, DesiredState, OperationContext, Shaping } from '@dotmac/device';
import type { Attribute } from '../attribute/encode.ts';
import type { RadiusRequest } from '../client/client.ts';
import type { RadSecConnection } from '../radsec/connection.ts';
import type { DynamicAuthorizationResult } from './client.ts';
import type { ProfileValues, VendorProfile } from './profile.ts';
import type { VendorProfileId } from './profiles.ts';

/** What the newest accounting record or the device itself says about a subscriber's session. */
export interface SessionObservation {
  /** False when no session of the subscriber is up. */
  readonly live: boolean;
  /** Null when the source cannot tell. */
  readonly mode: AccessMode | null;
  readonly shaping: Shaping | null;
  readonly source: string;
  /** Milliseconds since the epoch. */
  readonly observedAt: number;
}

/** One request to a NAS, for the record. */
export interface CoaAttempt {
  readonly operationId: string;
  readonly kind: 'CoA' | 'Disconnect';
  readonly attributes: readonly Attribute[];
  readonly result: DynamicAuthorizationResult;
}

export interface RadiusCredential {
  readonly secret: string;
  readonly vendor: VendorProfileId | VendorProfile;
  /**
   * The connection over TLS that the NAS keeps, looked for at each sending; null: none now. Left out: it listens for CoA at
   * the target's host and port.
   */
  readonly connection?: () => RadSecConnection | null;
  /** NAS-IP-Address to name; default the target's host. */
  readonly nasAddress?: string;
  /** Default true. */
  readonly messageAuthenticator?: boolean;
  /** Names on the NAS that replace the profile's, such as `list.garden`; also `session.portId`. */
  readonly variables?: ProfileValues;
  /** What is known of the session after a change: RADIUS itself cannot be asked. Null: nothing. */
  readonly readback?: (
    desired: DesiredState,
    context: OperationContext,
  ) => Promise<SessionObservation | null>;
  /** What attributes are known by, such as an operator's own; default the client's. A connection has its own. */
  readonly dictionary?: RadiusRequest['dictionary'];
  readonly onAttempt?: (attempt: CoaAttempt) => void;
  readonly onPacket?: RadiusRequest['onPacket'];
}
