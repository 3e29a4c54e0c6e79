import type { Attribute } from '../attribute/encode.ts';
import { msChapError } from '../authentication/verify.ts';
import { packetCodes } from '../packet/codes.ts';
import type { AccessRequestView } from './access-request.ts';
import type { AccessAccept, AccessReject } from './policy.ts';

/** A round of EAP. */
export interface AccessChallenge {
  readonly kind: 'CHALLENGE';
  readonly attributes: readonly Attribute[];
}
const none: readonly never[] = [];
export const replyCodes = {
  ACCEPT: packetCodes['Access-Accept'],
  REJECT: packetCodes['Access-Reject'],
  CHALLENGE: packetCodes['Access-Challenge'],
};

/** What the method of authentication makes a refusal carry; what it makes an accept carry is the view's `proof`. */
export function obligations(
  decision: AccessAccept | AccessReject | AccessChallenge,
  view: AccessRequestView,
): readonly Attribute[] {
  if (decision.kind !== 'REJECT') return none;
  const code = decision.msChapError ?? 691;
  return msChapError(view, code, code === 648 ? 'Password expired' : 'Login refused');
}
