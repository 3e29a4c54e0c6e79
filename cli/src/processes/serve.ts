import type { Logger } from '@dotmac/platform';

/**
 * The life of one of our processes: begins, serves until SIGTERM or SIGINT, ends with exit code 0. What `begin` has put on
 * the stack is closed in reverse order. A signal while it still begins lets it finish first, so that nothing
 * stays behind half begun. A failure ends it with exit code 1 and, as its last words, one line that says why.
 */
export async function serve(
  logger: Logger,
  begin: (stack: AsyncDisposableStack, stopping: AbortSignal) => Promise<void>,
): Promise<void> {
  const stack = new AsyncDisposableStack();
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  process.on('SIGTERM', stop).on('SIGINT', stop);
  try {
    await begin(stack, stopping.signal).catch((error: unknown) => {
      // What gave up because it was asked to has not failed.
      if (!stopping.signal.aborted) throw error;
    });
    await aborted(stopping.signal);
    await stack.disposeAsync();
    process.exit(0);
  } catch (error) {
    logger.error({ error }, 'it ends');
    await stack.disposeAsync().catch((error: unknown) => logger.error({ error }, 'the shutdown failed'));
    logger.flush(() => process.stderr.write(`${describe(error)}\n`, () => process.exit(1)));
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** One line; with the cause, unless the error is one of ours that already tells it. */
function describe(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const cause =
    error instanceof Error && !('code' in error) && error.cause instanceof Error
      ? ` (${error.cause.message})`
      : '';
  return `${message}${cause}`.replaceAll(/\s*\n\s*/g, ' ');
}
