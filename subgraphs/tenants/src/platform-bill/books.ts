import { DomainError } from '@dotmac/schema';
import type { TenantsContext } from '../builder.ts';
import type { PlatformBooks } from './ports.ts';

/** @throws DomainError NO_PLATFORM_BOOKS where this control plane reaches no tenant zero. */
export function booksOf({ books }: TenantsContext): PlatformBooks {
  if (books === undefined)
    throw new DomainError('NO_PLATFORM_BOOKS', "The operator's books cannot be reached from here");
  return books;
}
