import type { Flags } from '../main.ts';
import { readSettings } from './settings.ts';
import { start } from './start.ts';

/** `dotmac start`: serves until Ctrl-C or SIGTERM, which also end a start that is under way. Exit code 0. */
export async function runStart(_words: readonly string[], flags: Flags): Promise<void> {
  const { home, port, databaseUrl } = readSettings();
  process.stderr.write(`DotMac on Node ${process.version}, state in ${home}\n`);
  const asked = new AbortController();
  // A package manager in between passes the signal on a second time: once is enough.
  const stop = () => asked.abort();
  process.on('SIGINT', stop).on('SIGTERM', stop).on('SIGHUP', stop);
  asked.signal.addEventListener('abort', () => process.stderr.write('\nstopping\n'));
  const begun = performance.now();
  try {
    const demo = flags['no-demo'] !== true;
    const running = await start({ home, port, databaseUrl, demo, signal: asked.signal });
    process.stdout.write(
      `ready ${running.url} after ${((performance.now() - begun) / 1000).toFixed(1)} s; sign-ins are in ${home}/demo.json\n`,
    );
    // A signal's listener alone keeps no process alive.
    const alive = setInterval(() => undefined, 3_600_000);
    await new Promise<void>((resolve) => {
      if (asked.signal.aborted) resolve();
      else asked.signal.addEventListener('abort', () => resolve());
    });
    clearInterval(alive);
    await running.stop();
  } catch (error) {
    if (error !== asked.signal.reason) throw error;
  }
}
