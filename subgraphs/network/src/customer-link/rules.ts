import type { CustomerLink } from '@dotmac/device';

/** What makes it the same equipment at the next reading. */
export function keyOfLink({ mac, serial }: Pick<CustomerLink, 'mac' | 'serial'>): string {
  return mac ?? serial ?? '';
}
