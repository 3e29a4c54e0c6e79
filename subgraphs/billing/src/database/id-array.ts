import { binaryArray } from '@dotmac/platform';
import { type RawBuilder, sql } from 'kysely';

/** Ids as one parameter, `text[]`: the driver's own form of an array escapes every element by two regular expressions. */
export const idArray = (ids: readonly string[]): RawBuilder<string[]> =>
  sql`${binaryArray('text', ids)}::text[]`;
