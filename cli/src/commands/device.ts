import { createReadStream, existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { systemClock } from '@dotmac/platform';
import {
  learnWalk,
  ProfileError,
  probeTargets,
  profilesOfFolder,
  recordTarget,
  SnmpError,
} from '@dotmac/snmp';
import type { Flags } from '../main.ts';
import { CommandError, UsageError } from './command.ts';
import { discover } from './discover.ts';
import { readSettings } from './settings.ts';

/** `dotmac device probe | record | learn | check | discover`. */
export async function runDevice([verb, ...words]: readonly string[], flags: Flags): Promise<void> {
  const [word] = words;
  if (verb === 'probe') return probe(flags);
  if (verb === 'record') return record(flags);
  if (verb === 'learn') return learn(word, flags);
  if (verb === 'check') return check(word, flags);
  if (verb === 'discover') return discover(words, flags);
  throw new UsageError(
    `There is no "device ${verb ?? ''}"; there are: device probe, device record, device learn, device check, device discover`,
  );
}

/** NDJSON in, NDJSON out; exit 0 whatever the devices said. */
async function probe(flags: Flags): Promise<void> {
  const profiles = operatorProfiles(flags);
  await probeTargets(targetLines(flags), (line) => process.stdout.write(`${line}\n`), {
    clock: systemClock,
    profiles,
  });
}

/** One recording on standard output, or a file for each target in `--output`. */
async function record(flags: Flags): Promise<void> {
  const { output } = flags;
  let count = 0;
  for await (const line of targetLines(flags)) {
    if (line.trim() === '') continue;
    if (output === undefined && count++ > 0)
      throw new UsageError('device record of several targets needs --output <folder>');
    const { id, text, warnings } = await recorded(line);
    for (const warning of warnings) process.stderr.write(`${id}: ${warning}\n`);
    if (output === undefined) {
      process.stdout.write(text);
      continue;
    }
    if (!/^[\w.-]+$/.test(id) || id.startsWith('.'))
      throw new CommandError(`"${id}" is no name for a file; expected letters, digits, dots and hyphens`);
    await mkdir(output, { recursive: true });
    await writeFile(join(output, `${id}.snmprec`), text);
    process.stderr.write(`${id}: ${text.split('\n').length - 1} objects\n`);
  }
}

async function recorded(line: string) {
  try {
    return await recordTarget(line, { clock: systemClock });
  } catch (error) {
    if (error instanceof SnmpError || error instanceof TypeError || error instanceof SyntaxError)
      throw new CommandError(error.message);
    throw error;
  }
}

/** The draft on standard output, ready for a file; what to make of it on standard error. `--json`: all of it. */
async function learn(file: string | undefined, flags: Flags): Promise<void> {
  if (file === undefined)
    throw new UsageError('device learn needs a walk: a recording or what snmpwalk -On prints');
  if (!existsSync(file)) throw new CommandError(`There is no file "${file}"`);
  const lesson = await learnWalk(await readFile(file, 'utf8'), systemClock, operatorProfiles(flags));
  if (flags.json === true) {
    process.stdout.write(`${JSON.stringify(lesson)}\n`);
    return;
  }
  const { recognised, guessed, undecided, gained, problems, profile } = lesson;
  const say = (text: string) => process.stderr.write(`${text}\n`);
  const { vendor, os, model, version, serial } = recognised.identity;
  const unknown = (text: string | null) => text ?? 'unknown';
  say(`Recognised: maker ${unknown(vendor)}, system ${unknown(os)}, model ${unknown(model)},`);
  say(
    `  version ${unknown(version)}, serial ${unknown(serial)}; profiles ${recognised.profiles.join(', ') || 'none'}`,
  );
  say(`  ${countsText(recognised.readings)}`);
  for (const { oid, as, why } of guessed) say(`Guessed ${as} at ${oid}: ${why}`);
  for (const { oid, why } of undecided) say(`Not decided at ${oid}: ${why}`);
  for (const problem of problems) say(`Not understood, ${problem}`);
  if (profile === null) {
    say('Nothing private is left to guess: no draft.');
    return;
  }
  say(`With the draft more: ${countsText(gained)}`);
  say(
    'A guess may be wrong. Compare the values with the device, then keep the draft in the folder of profiles.',
  );
  process.stdout.write(`${JSON.stringify(profile, null, 2)}\n`);
}

function countsText(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([section, count]) => `${section} ${count}`)
    .join(', ');
}

function check(folder: string | undefined, flags: Flags): void {
  const place = folder ?? flags.profiles ?? join(readSettings().home, 'profiles');
  if (!existsSync(place)) throw new CommandError(`There is no folder "${place}"`);
  const profiles = profilesIn(place);
  process.stdout.write(
    flags.json === true
      ? `${JSON.stringify(profiles.map(({ id }) => id))}\n`
      : `${profiles.length} profiles are right: ${profiles.map(({ id }) => id).join(', ')}\n`,
  );
}

/** Those of `--profiles`, else of the state folder where it has some. */
function operatorProfiles(flags: Flags) {
  const own = join(readSettings().home, 'profiles');
  const folder = flags.profiles ?? (existsSync(own) ? own : null);
  if (folder === null) return [];
  if (!existsSync(folder)) throw new CommandError(`There is no folder "${folder}"`);
  return profilesIn(folder);
}

function profilesIn(folder: string) {
  try {
    return profilesOfFolder(folder);
  } catch (error) {
    if (error instanceof ProfileError) throw new CommandError(error.message);
    throw error;
  }
}

function targetLines({ targets }: Flags): AsyncIterable<string> {
  if (targets === undefined)
    throw new UsageError('device needs --targets <file>, or - for standard input, here');
  if (targets !== '-' && !existsSync(targets)) throw new CommandError(`There is no file "${targets}"`);
  return createInterface({ input: targets === '-' ? process.stdin : createReadStream(targets) });
}
