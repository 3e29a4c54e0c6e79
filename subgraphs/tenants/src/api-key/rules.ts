import { isScope, type Scope, ValidationError } from '@dotmac/schema';

/** Scopes that only people hold: a key can neither make keys nor run the platform. */
const neverForKeys: ReadonlySet<Scope> = new Set([
  'tenant:keys:write',
  'platform:read',
  'platform:write',
  'network:secrets:reveal',
]);

const day = 86_400;
const longestOverlapSeconds = 90 * day;

/** When the old key of a rotation ends: after the overlap, but never later than it would have. Milliseconds. */
export function rotationEnd(now: number, overlapSeconds: number, expiresAt: number | null): number {
  if (!(overlapSeconds >= 0 && overlapSeconds <= longestOverlapSeconds)) {
    throw new ValidationError(
      'input.overlapSeconds',
      `The old key goes on for 0 to ${longestOverlapSeconds} seconds (90 days), not ${overlapSeconds}`,
    );
  }
  return Math.min(now + overlapSeconds * 1000, expiresAt ?? Number.POSITIVE_INFINITY);
}

/**
 * The scopes a new key may get: known ones, grantable ones, and none that its maker lacks.
 * @throws ValidationError naming the first scope at fault.
 */
export function checkKeyScopes(wanted: readonly string[], held: readonly Scope[]): Scope[] {
  return [...new Set(wanted)].map((scope) => {
    if (!isScope(scope)) throw new ValidationError('input.scopes', `There is no scope "${scope}"`);
    if (neverForKeys.has(scope))
      throw new ValidationError('input.scopes', `A key cannot hold the scope ${scope}`);
    if (!held.includes(scope))
      throw new ValidationError('input.scopes', `You cannot give the scope ${scope}, which you do not hold`);
    return scope;
  });
}
