import type { DesiredState, OperationContext, Shaping, Verification } from '@dotmac/device';
import type { RadiusCredential } from './credential.ts';

/** Compares what is wanted with what the caller's `readback` shows; without one nothing can be said. */
export async function verifyAccess(
  credential: RadiusCredential,
  desired: DesiredState,
  context: OperationContext,
): Promise<Verification> {
  const unverified = (
    evidence: string,
    source = 'radius',
    observedAt = context.clock.now(),
  ): Verification => ({
    state: 'UNVERIFIED',
    evidence,
    source,
    observedAt,
  });
  if (credential.readback === undefined)
    return unverified('An ACK is no proof, and this NAS has no other way to be asked');
  const seen = await credential.readback(desired, context);
  if (seen === null) return unverified('Neither accounting nor the device has told about the session since');
  const { source, observedAt } = seen;
  const judged = (state: Verification['state'], evidence: string): Verification => ({
    state,
    evidence,
    source,
    observedAt,
  });
  if (!seen.live)
    return judged(
      'VERIFIED',
      desired.mode === 'blocked' ? 'No session is up' : 'No session is up; the next login applies it',
    );
  if (desired.mode === 'blocked') return judged('DIVERGED', 'The session is still up');
  if (seen.mode !== null && seen.mode !== desired.mode)
    return judged('DIVERGED', `The session is ${seen.mode}, wanted is ${desired.mode}`);
  if (seen.shaping !== null && !sameRates(seen.shaping, desired.shaping))
    return judged(
      'DIVERGED',
      `The session runs at ${rates(seen.shaping)}, wanted is ${rates(desired.shaping)}`,
    );
  if (seen.mode === null && seen.shaping === null)
    return unverified(
      'The session is up, but its speed and way of access cannot be seen',
      source,
      observedAt,
    );
  return judged(
    'VERIFIED',
    `The session is ${seen.mode ?? 'up'} at ${seen.shaping === null ? 'an unseen speed' : rates(seen.shaping)}`,
  );
}

function sameRates(a: Shaping, b: Shaping): boolean {
  return rates(a) === rates(b);
}

function rates({ downstream, upstream }: Shaping): string {
  return `${downstream.bitsPerSecond} down / ${upstream.bitsPerSecond} up bit/s`;
}
