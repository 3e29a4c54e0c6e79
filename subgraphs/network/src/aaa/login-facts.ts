import type { ShapingPayload, SlowedPayload } from '@dotmac/schema';
import type { AccessMode } from '../access/rules.ts';
import type { Garden, GardenReason } from '../garden/rules.ts';
import type { LimitReason, Line, LoginLimits } from '../login-limit/rules.ts';
import type { LoginTerms, Standing } from '../login-term/rules.ts';
import type { Attempts } from './backoff.ts';

/** Why a login is refused. Stable: stored in events and shown to the NOC. */
export type RejectReason =
  | 'NAS_DISABLED'
  | 'UNKNOWN_USER'
  | 'METHOD_UNSUPPORTED'
  | 'BAD_PASSWORD'
  | 'BACKING_OFF'
  | 'VOUCHER_EXPIRED'
  | 'NOT_READY'
  | 'BLOCKED'
  | GardenReason
  | LimitReason
  | 'SESSION_LIMIT'
  | 'NO_ADDRESS'
  | 'REPLY_IMPOSSIBLE';

/** A session as far as logging in again is concerned. */
export interface LiveSession {
  readonly id: string;
  readonly mac: string | null;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly updatedAt: number;
  /** Silent for longer than this, it no longer counts. */
  readonly staleAfterMilliseconds: number;
}

/** Everything a decision depends on. */
export interface LoginFacts {
  readonly now: number;
  readonly username: string;
  /** Undefined when a question does not name the line: then it is taken for the one that is online. */
  readonly mac: string | null | undefined;
  readonly nas: { readonly id: string; readonly name: string; readonly enabled: boolean };
  /** Where on the NAS; undefined when a question does not say it. Read from the packet only when somebody is held to it. */
  readonly portId: Line['portId'];
  readonly circuitId: Line['circuitId'];
  readonly access: {
    readonly mode: AccessMode;
    readonly locks: readonly string[];
    readonly shaping: ShapingPayload | null;
    readonly throttle: ShapingPayload | null;
    readonly slowed: SlowedPayload | null;
    readonly override: ShapingPayload | null;
    readonly capBlocked: boolean;
    readonly address: string | null;
    readonly simultaneousSessions: number;
    readonly limits: LoginLimits | null;
    readonly terms: LoginTerms | null;
  } | null;
  /** How its terms stand; null without terms. */
  readonly standing: Standing | null;
  /** Which refusals are an accept into the walled garden. */
  readonly garden: Garden;
  /** Wrong passwords of this line so far. */
  readonly attempts: Attempts | null;
  /** `NOT_ASKED` when a decision is only explained. */
  readonly password: () => 'RIGHT' | 'WRONG' | 'UNSUPPORTED' | 'NOT_ASKED';
  readonly live: readonly LiveSession[];
}
