import { DomainError } from '@dotmac/schema';

/** A place in one database's event log. The epoch changes when the database is restored from a backup. */
export interface EventCursor {
  readonly epoch: number;
  readonly position: bigint;
  /** It lies inside a snapshot, of which a part was sent: going on means taking another. */
  readonly inSnapshot?: boolean;
}

/** The cursor lies before what is kept, or in another life of the database: read the state anew and start from `freshCursor`. */
export class CursorExpiredError extends DomainError {
  override readonly name = 'CursorExpiredError';
  constructor(freshCursor: string) {
    super(
      'CURSOR_EXPIRED',
      'Events after this cursor are no longer kept. Read the state anew, then go on from freshCursor.',
      {
        freshCursor,
      },
    );
  }
}

/** Not a cursor, or one of another version of this software. */
export class CursorInvalidError extends DomainError {
  override readonly name = 'CursorInvalidError';
  constructor() {
    super(
      'CURSOR_INVALID',
      'This is not a cursor of this stream. Give one that an event carried, unchanged.',
    );
  }
}

/** Opaque text for clients. `scope` binds it to a tenant, so that another tenant's cursor is refused. */
export function encodeCursor({ epoch, position, inSnapshot = false }: EventCursor, scope: string): string {
  return Buffer.from(`1:${scope}:${epoch}:${position}${inSnapshot ? ':s' : ''}`).toString('base64url');
}

/** @throws CursorInvalidError for anything that `encodeCursor` did not make for this scope. */
export function decodeCursor(text: string, scope: string): EventCursor {
  const [version, itsScope, epoch = '', position = '', mark, ...rest] = Buffer.from(text, 'base64url')
    .toString('utf8')
    .split(':');
  const wellFormed =
    version === '1' && itsScope === scope && (mark === undefined || mark === 's') && rest.length === 0;
  if (!wellFormed || !/^\d{1,9}$/.test(epoch) || !/^\d{1,18}$/.test(position)) throw new CursorInvalidError();
  return { epoch: Number(epoch), position: BigInt(position), inSnapshot: mark === 's' };
}
