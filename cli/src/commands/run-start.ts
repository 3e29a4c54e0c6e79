import type { Flags } from '../main.ts';
import { readSettings } from './settings.ts';
import { start } from './start.ts';

/** `dotmac start`: serves until Ctrl-C or SIGTERM. */
export async function runStart(_words: readonly string[], flags: Flags): Promise<void> {
  const { home, port } = readSettings();
  process.stderr.write(`DotMac on Node ${process.version}, state in ${home}\n`);
  const stopped = Promise.withResolvers<void>();
  process.once('SIGINT', stopped.resolve);
  process.once('SIGTERM', stopped.resolve);
  const begun = performance.now();
  const running = await start({ home, port, demo: flags['no-demo'] !== true });
  process.stdout.write(
    `ready ${running.url} after ${((performance.now() - begun) / 1000).toFixed(1)} s; sign-ins are in ${home}/demo.json\n`,
  );
  await stopped.promise;
  process.stderr.write('\nstopping\n');
  await running.stop();
}
