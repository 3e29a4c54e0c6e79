import type { Logger } from '@dotmac/platform';

/** Runs `stop` once on SIGTERM or SIGINT, then ends the process: with 0, or 1 when stopping failed. */
export function onShutdown(logger: Logger, stop: () => Promise<void>): void {
  let begun = false;
  const shutDown = async () => {
    if (begun) return;
    begun = true;
    try {
      await stop();
      process.exit(0);
    } catch (error) {
      logger.error({ error }, 'the shutdown failed');
      process.exit(1);
    }
  };
  process.on('SIGTERM', shutDown);
  process.on('SIGINT', shutDown);
}
