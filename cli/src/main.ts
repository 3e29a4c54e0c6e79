/**
 * The command `dotmac`. Each command is a file in `commands/`; processes that `start` brings up are in `processes/`.
 * Exit codes: 0 done, 1 failed (the message says why), 2 wrong words.
 */
import { parseArgs } from 'node:util';
import { ConfigError } from '@dotmac/platform/config';
import { CommandError, UsageError } from './commands/command.ts';
import { GraphError } from './graph-client.ts';

const help = `Usage: pnpm dotmac <command> [options]

  start [--no-demo]                bring everything up; Ctrl-C stops it
  tenant list                      the tenants and their states
  tenant create <slug> --name <name> [--time-zone <zone>] [--currency <code>] [--country <code>] [--owner <e-mail>]
  device probe --targets <file>    read devices, one JSON line each (- is standard input)
  device record --targets <file>   walk the device of each line, names and secrets hidden [--output <folder>]
  device learn <walk> [--json]     a draft profile of an unknown device, with what was guessed and why
  device check [<folder>]          check an operator's profiles (<home>/profiles)
  device discover <range…> --as <who> --community <c> [--community <c>] [--port-id <port>] [--apply]
                                   search ranges for devices; without --apply only the plan
  ask <who> <operation>            one operation as somebody of the demo, such as alpha.owner [--variables <json>]
  watch <who> <subscription>       events as they come [--after <cursor>] [--count <n>]
  radius explain --user <name> --nas <address> [--mac <mac>] [--password <password>] [--port-id <port>] [--as <who>]
                                   what the answer to a login would be now, check by check
  radius trace --user <name> [--minutes <n>] [--reason <why>] [--as <who>]
                                   his RADIUS packets, redacted, as they pass, with what is decided on them
  radius dictionary check <file…>  what dictionaries would add to those of DotMac, or the line that cannot stand
  lab …                            act in the simulated network; "lab help" says how
  schema print                     the graph as clients see it, as SDL
  schema check <file> [--base <file>]  which API keys' operations a proposed graph breaks
  migrate <connection string> [--kind tenant|platform]

  --profiles <folder>   device: an operator's profiles (<home>/profiles where there is one)
  --json        results as JSON
  --help        this text

Environment: DOTMAC_HOME (state folder, .dotmac), DOTMAC_PORT (gateway, 4000), DOTMAC_LOG_LEVEL (info),
DATABASE_URL (a PostgreSQL server for all databases; without it every tenant gets an embedded one)
`;

type Command = (words: readonly string[], flags: Flags) => Promise<void>;
export type Flags = ReturnType<typeof readWords>['values'];

// Loaded when asked for: `lab` need not wait for what `start` needs.
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import('./commands/run-start.ts')).runStart,
  tenant: async () => (await import('./commands/tenant.ts')).runTenant,
  ask: async () => (await import('./commands/ask.ts')).runAsk,
  watch: async () => (await import('./commands/ask.ts')).runWatch,
  device: async () => (await import('./commands/device.ts')).runDevice,
  radius: async () => (await import('./commands/radius.ts')).runRadius,
  lab: async () => (await import('./commands/lab.ts')).runLab,
  schema: async () => (await import('./commands/schema.ts')).runSchema,
  migrate: async () => (await import('./commands/migrate.ts')).runMigrate,
};

function readWords() {
  return parseArgs({
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      json: { type: 'boolean' },
      'no-demo': { type: 'boolean' },
      name: { type: 'string' },
      'time-zone': { type: 'string' },
      currency: { type: 'string' },
      country: { type: 'string' },
      owner: { type: 'string' },
      base: { type: 'string' },
      targets: { type: 'string' },
      output: { type: 'string' },
      profiles: { type: 'string' },
      kind: { type: 'string' },
      tenant: { type: 'string' },
      variables: { type: 'string' },
      after: { type: 'string' },
      count: { type: 'string' },
      password: { type: 'string' },
      mac: { type: 'string' },
      user: { type: 'string' },
      nas: { type: 'string' },
      minutes: { type: 'string' },
      reason: { type: 'string' },
      'port-id': { type: 'string' },
      as: { type: 'string' },
      method: { type: 'string' },
      community: { type: 'string', multiple: true },
      apply: { type: 'boolean' },
    },
  });
}

async function main(): Promise<number> {
  const { values, positionals } = readWords();
  const [name, ...words] = positionals;
  if (values.help === true || name === undefined || name === 'help') {
    process.stdout.write(help);
    return 0;
  }
  const load = commands[name];
  if (load === undefined)
    throw new UsageError(`There is no command "${name}"; there are: ${Object.keys(commands).join(', ')}`);
  await (await load())(words, values);
  return 0;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const usage =
      error instanceof UsageError ||
      (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));
    const expected = usage || [CommandError, ConfigError, GraphError].some((kind) => error instanceof kind);
    process.stderr.write(
      `${expected ? (error as Error).message : error instanceof Error ? error.stack : String(error)}\n`,
    );
    if (usage) process.stderr.write('See: pnpm dotmac --help\n');
    process.exitCode = usage ? 2 : 1;
  },
);
