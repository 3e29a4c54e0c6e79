import type { Logger } from '@dotmac/platform';

/** Runs `stop` once on SIGTERM or SIGINT, then ends the process: with 0, or 1 when stopping failed. */
export function onShutdown(logger: Logger, stop: () => Promise<void>): void {
  let stopping: Promise<void> | undefined;
  const shutDown = () => {
    stopping ??= stop().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ error }, 'the shutdown failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', shutDown);
  process.on('SIGINT', shutDown);
}
