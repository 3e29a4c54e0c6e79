import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { systemClock } from '@dotmac/platform';
import { probeTargets } from '@dotmac/snmp';
import type { Flags } from '../main.ts';
import { UsageError } from './command.ts';

/** `dotmac device probe`: NDJSON in, NDJSON out; exit 0 whatever the devices said. */
export async function runDevice([verb]: readonly string[], flags: Flags): Promise<void> {
  if (verb !== 'probe') throw new UsageError(`There is no "device ${verb ?? ''}"; there is: device probe`);
  if (flags.targets === undefined)
    throw new UsageError('device probe needs --targets <file>, or - for standard input');
  const input = flags.targets === '-' ? process.stdin : createReadStream(flags.targets);
  await probeTargets(createInterface({ input }), (line) => process.stdout.write(`${line}\n`), {
    clock: systemClock,
  });
}
