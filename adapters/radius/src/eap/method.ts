import type { PresentedCredential } from '../authentication/presented.ts';
import type { AccessDecision } from '../server/policy.ts';

/** What an EAP method does next. */
export type MethodStep =
  | { readonly kind: 'REQUEST'; readonly data: Uint8Array }
  /** Ended: `decision` is the policy's; `masterKey` the 64 octets of the MSK, when the method makes one. */
  | { readonly kind: 'DONE'; readonly decision: AccessDecision; readonly masterKey: Buffer | null };

/** Asks the policy about what a peer has shown; the identity may be one inside a tunnel. It may wait, as for a voucher's first commit. */
export type Judge = (identity: string, credential: PresentedCredential) => Promise<AccessDecision>;

/** One conversation by one method. `data` is what follows the EAP type octet. */
export interface EapMethod {
  readonly type: number;
  start(): Uint8Array;
  respond(data: Buffer, judge: Judge): MethodStep | Promise<MethodStep>;
  /** Frees what the method holds when the conversation is over or given up. */
  close(): void;
}

/** A step for a peer that does not keep to the method. */
export function refused(reason: string): MethodStep {
  return { kind: 'DONE', decision: { kind: 'REJECT', reason }, masterKey: null };
}
