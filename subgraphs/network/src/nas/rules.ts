import { isIP } from 'node:net';
import { ValidationError } from '@dotmac/schema';

/** RFC 2865 §3 asks for 16 octets; below that, guessing is cheap. */
const shortestSecret = 8;

/** @throws ValidationError unless it can be typed into any NAS and is not a word anybody would guess first. */
export function checkSecret(field: string, secret: string): string {
  if (secret.length < shortestSecret || secret.length > 128)
    throw new ValidationError(field, `A RADIUS secret has ${shortestSecret} to 128 characters`);
  return secret;
}

/** @throws ValidationError */
export function checkAddress(field: string, address: string): string {
  if (isIP(address) === 0) throw new ValidationError(field, `"${address}" is not an IP address`);
  return address;
}

/** @throws ValidationError naming the profiles there are. */
export function checkProfile(profile: string, known: readonly string[]): string {
  if (!known.includes(profile))
    throw new ValidationError(
      'input.profile',
      `There is no profile "${profile}"; there are: ${known.join(', ')}`,
    );
  return profile;
}
