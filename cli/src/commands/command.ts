/** Something a person at the command line can put right: its message is all he needs, no stack. Exit code 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** Wrong words on the command line. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
