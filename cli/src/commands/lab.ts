import { demoPasswordOf } from '../demo/credentials.ts';
import { readLabState } from '../demo/lab-state.ts';
import type { Flags } from '../main.ts';
import { CommandError, UsageError } from './command.ts';
import { readSettings } from './settings.ts';

const help = `Usage: pnpm dotmac lab <tenant> <what>

  lab alpha login <username> [--password <password>] [--method pap|chap] [--mac <address>]
  lab alpha logout <username>
  lab alpha sessions
  lab alpha interim                           every session reports its octets
  lab alpha power off|on                      the access router and everybody on it
  lab alpha interface <device> <port> up|down
  lab alpha mute <device> on|off              it answers nobody, while what it carries goes on
  lab alpha quirk <device> <quirk> on|off     its agent misbehaves: toobig, empty, nobulk, loop, badvb, wrongid, v1, garbage
  lab alpha coa obey|lie|ignore               how the NAS treats CoA from now on
`;

/** `dotmac lab`: what a person does in the field, in the simulated network. */
export async function runLab(words: readonly string[], flags: Flags): Promise<void> {
  const [tenant, what, ...rest] = words;
  if (tenant === undefined || tenant === 'help' || what === undefined) {
    process.stdout.write(help);
    return;
  }
  const { home } = readSettings();
  const password =
    flags.password ?? (rest[0] === undefined ? undefined : demoPasswordOf(home, tenant, rest[0]));
  const request = requestOf(what, rest, { ...flags, ...(password === undefined ? {} : { password }) });
  const { controlPort } = readLabState(home);
  const url = `http://127.0.0.1:${controlPort}/${[tenant, ...request.path].map(encodeURIComponent).join('/')}`;
  const answer = await call(url, request);
  process.stdout.write(`${JSON.stringify(answer, null, flags.json === true ? undefined : 2)}\n`);
}

interface LabRequest {
  readonly method: 'GET' | 'POST';
  readonly path: readonly string[];
  readonly body?: Record<string, unknown>;
}

function requestOf(what: string, rest: readonly string[], flags: Flags): LabRequest {
  const [first, second, third] = rest;
  switch (what) {
    case 'sessions':
      return { method: 'GET', path: ['sessions'] };
    case 'interim':
      return { method: 'POST', path: ['interim'] };
    case 'login': {
      if (first === undefined || flags.password === undefined)
        throw new UsageError('lab login needs a user name, and --password unless he belongs to the demo');
      const { password, method, mac } = flags;
      return {
        method: 'POST',
        path: ['login'],
        body: { username: first, password, ...(method && { method }), ...(mac && { mac }) },
      };
    }
    case 'logout':
      if (first === undefined) throw new UsageError('lab logout needs a user name');
      return { method: 'POST', path: ['logout', first] };
    case 'power':
      return { method: 'POST', path: ['power', oneOf(first, ['on', 'off'])] };
    case 'coa':
      return { method: 'POST', path: ['coa', oneOf(first, ['obey', 'lie', 'ignore'])] };
    case 'mute':
      if (first === undefined) throw new UsageError('lab mute needs a device, and on or off');
      return { method: 'POST', path: ['mute', first, oneOf(second, ['on', 'off'])] };
    case 'quirk':
      if (first === undefined || second === undefined)
        throw new UsageError('lab quirk needs a device, a quirk, and on or off');
      return { method: 'POST', path: ['quirk', first, second, oneOf(third, ['on', 'off'])] };
    case 'interface':
      if (first === undefined || second === undefined)
        throw new UsageError('lab interface needs a device, a port, and up or down');
      return { method: 'POST', path: ['interface', first, second, oneOf(third, ['up', 'down'])] };
    default:
      throw new UsageError(`The lab knows no "${what}".\n${help}`);
  }
}

function oneOf(word: string | undefined, allowed: readonly string[]): string {
  if (word === undefined || !allowed.includes(word))
    throw new UsageError(`Give one of: ${allowed.join(', ')}`);
  return word;
}

async function call(url: string, { method, body }: LabRequest): Promise<unknown> {
  let response: Response;
  try {
    const json =
      body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    response = await fetch(url, { method, ...json });
  } catch (error) {
    throw new CommandError(
      `The lab does not answer. Is DotMac started with its demo? (${error instanceof Error ? error.message : error})`,
    );
  }
  const answer = (await response.json()) as { error?: string };
  if (!response.ok) throw new CommandError(answer.error ?? `The lab answered ${response.status}`);
  return answer;
}
