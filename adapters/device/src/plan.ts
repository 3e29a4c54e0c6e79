import type { IpAddress, MacAddress, Shaping } from './units.ts';

/** How a subscriber may use the network. */
export type AccessMode = 'open' | 'walledGarden' | 'blocked';

/** What is wanted for one subscriber on the access device that serves him. */
/** What a walled garden gives beside the vendor's own; null: nothing. */
export interface GardenExtras {
  /** A second address list, beside the one that the vendor's profile names. Devices without lists leave it out. */
  readonly addressList: string | null;
  /** RFC 2865 §5.11. */
  readonly filterId: string | null;
  /** RFC 2869 §5.18. */
  readonly pool: string | null;
  /** Where the web is sent. Vendors that are told by configuration leave it out. */
  readonly redirectUrl: string | null;
}

export interface DesiredAccess {
  readonly kind: 'access';
  /** Our mark on everything we create for him, such as `dotmac:service-42`. */
  readonly marker: string;
  readonly username: string;
  readonly address: IpAddress | null;
  readonly mac: MacAddress | null;
  /** The live session to act on; null when none is known. */
  readonly sessionId: string | null;
  readonly mode: AccessMode;
  readonly shaping: Shaping;
  /** In the walled garden: what it gives beside the device's own. */
  readonly garden?: GardenExtras | null;
  /** What a way of access before may have given the live session. */
  readonly gardenBefore?: GardenExtras | null;
}
export type DesiredState = DesiredAccess;

export interface PlanStep {
  readonly kind: 'create' | 'update' | 'delete' | 'action';
  /** What it touches, in words: `address-list dotmac-suspended 100.64.9.9`. */
  readonly ref: string;
  readonly before?: string;
  readonly after?: string;
  /** The command as the device will see it, secrets redacted. */
  readonly native: string;
}

/** What a driver would do. Made without touching the device beyond reading it. */
export interface Plan {
  readonly target: string;
  readonly desired: DesiredState;
  readonly steps: readonly PlanStep[];
  readonly risk: 'none' | 'session-drop' | 'traffic' | 'lockout' | 'reboot';
  /** Hash over what was read and what is wanted; `apply` refuses when the device has moved since. */
  readonly digest: string;
}

/** `unknown`: no answer came; the device must be read again before anything else. */
export type ApplyOutcome = 'applied' | 'noop' | 'partially_applied' | 'rolled_back' | 'unknown';

export interface ApplyResult {
  readonly outcome: ApplyOutcome;
  /** One entry per step, in order; a step that did not run is left out. */
  readonly steps: readonly { readonly ref: string; readonly ok: boolean; readonly message: string }[];
}

/** What reading back shows: `VERIFIED` as wanted, `DIVERGED` otherwise, `UNVERIFIED` when it cannot be seen. */
export interface Verification {
  readonly state: 'VERIFIED' | 'DIVERGED' | 'UNVERIFIED';
  /** What was read, or why nothing could be. */
  readonly evidence: string;
  readonly source: string;
  readonly observedAt: number;
}
