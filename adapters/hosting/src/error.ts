/** Stable codes of the failures a caller of this package may act on. */
export type HostingErrorCode =
  | 'ACCOUNT_MISSING'
  | 'BINARIES_MISSING'
  | 'CREATEDB_MISSING'
  | 'DATA_MISSING'
  | 'DATABASE_FAILED'
  | 'FENCED'
  | 'GENERATION_CONFLICT'
  | 'NOT_FOUND'
  | 'SOCKET_PATH_TOO_LONG'
  | 'SPEC_INVALID'
  | 'START_FAILED'
  | 'START_TIMEOUT'
  | 'STATE_FOLDER_FULL'
  | 'STATE_FOLDER_IN_USE'
  | 'STATE_FOLDER_UNWRITABLE'
  | 'STOP_TIMEOUT'
  | 'TOMBSTONE_REFUSED';

/** A failure of hosting: `code` is for programs, `message` says what was wrong, where, and what would be right. */
export class HostingError extends Error {
  override readonly name = 'HostingError';
  readonly code: HostingErrorCode;

  constructor(code: HostingErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The errno name (`ENOENT`, `ENOSPC`…) of a system error, if it is one. */
export function errnoOf(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return undefined;
}

/**
 * Runs work that writes below the state folder and gives its disk failures a name:
 * `STATE_FOLDER_FULL` (ENOSPC, EDQUOT) or `STATE_FOLDER_UNWRITABLE` (EACCES, EPERM, EROFS, ENOTDIR).
 * Anything else passes through unchanged.
 */
export async function writingState<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw namedDiskError(folder, error);
  }
}

function namedDiskError(folder: string, error: unknown): unknown {
  const errno = errnoOf(error);
  if (errno === 'ENOSPC' || errno === 'EDQUOT' || saysDiskFull(error)) {
    return new HostingError(
      'STATE_FOLDER_FULL',
      `No space left below ${folder}. Free space there, or move the state with DOTMAC_HOME.`,
      { cause: error },
    );
  }
  if (errno === 'EACCES' || errno === 'EPERM' || errno === 'EROFS' || errno === 'ENOTDIR') {
    return new HostingError(
      'STATE_FOLDER_UNWRITABLE',
      `Cannot write below ${folder} (${errno}). Make it a directory this user may write, or move the state with DOTMAC_HOME.`,
      { cause: error },
    );
  }
  return error;
}

/** Programs that write for us (cp, initdb, postgres) report a full disk in words only. */
function saysDiskFull(error: unknown): boolean {
  return error instanceof Error && /No space left on device|Disk quota exceeded/.test(error.message);
}
