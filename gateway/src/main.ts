import { readGatewayOptions } from './config.ts';
import { createGateway } from './gateway.ts';

/**
 * The gateway's process. Prints one line, `ready <url>`, on standard output when it serves; logs go to standard error.
 * SIGTERM and SIGINT end it in order: exit code 0. A wrong setting or a port in use: exit code 1 and one line that says so.
 */
async function main(): Promise<void> {
  const gateway = await createGateway(await readGatewayOptions(process.env));
  const stop = () => {
    process.off('SIGTERM', stop).off('SIGINT', stop);
    gateway.stop().then(() => process.exit(0), fail);
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
  process.stdout.write(`ready ${gateway.url}\n`);
}

function fail(error: unknown): void {
  const cause = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : '';
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}${cause}\n`);
  process.exit(1);
}

if (import.meta.main) main().catch(fail);
