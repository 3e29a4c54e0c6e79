import { readMailbox, ValidationError } from '@dotmac/schema';
import { isTimeZone } from '../time-zone/rules.ts';

export const tenantStates = ['PROVISIONING', 'ACTIVE', 'SUSPENDED', 'FAILED', 'ARCHIVED'] as const;
export type TenantState = (typeof tenantStates)[number];

/** Names that would be mistaken for a part of DotMac itself. */
const reservedSlugs = new Set(['platform', 'admin', 'api', 'www', 'dotmac', 'operator']);

export interface TenantInput {
  readonly slug: string;
  readonly name: string;
  readonly timeZone: string;
  readonly currency: string;
  readonly country: string;
  readonly ownerEmail: string;
}

/**
 * @param isPlatform tenant zero may have a reserved name.
 * @throws ValidationError naming the field and what would be right.
 */
export function checkTenant(input: TenantInput, isPlatform = false): TenantInput {
  const slug = input.slug.trim().toLowerCase();
  if (!/^[a-z][a-z0-9-]{1,39}$/.test(slug)) {
    throw new ValidationError(
      'input.slug',
      'A slug has 2 to 40 lower-case letters, digits and hyphens and begins with a letter',
    );
  }
  if (!isPlatform && reservedSlugs.has(slug))
    throw new ValidationError('input.slug', `"${slug}" is reserved`);
  const name = input.name.trim();
  if (name === '') throw new ValidationError('input.name', 'A tenant needs a name');
  if (!isTimeZone(input.timeZone))
    throw new ValidationError(
      'input.timeZone',
      `"${input.timeZone}" is not an IANA time zone such as America/Toronto`,
    );
  if (!/^[A-Z]{3}$/.test(input.currency))
    throw new ValidationError('input.currency', 'A currency is an ISO 4217 code such as USD');
  if (!/^[A-Z]{2}$/.test(input.country))
    throw new ValidationError('input.country', 'A country is an ISO 3166-1 code such as CA');
  const ownerEmail = readMailbox('input.ownerEmail', input.ownerEmail);
  return { ...input, slug, name, ownerEmail };
}
