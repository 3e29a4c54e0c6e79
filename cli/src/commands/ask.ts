import { createClient } from 'graphql-sse';
import { demoCredential } from '../demo/credentials.ts';
import { graphClient } from '../graph-client.ts';
import type { Flags } from '../main.ts';
import { CommandError, UsageError } from './command.ts';
import { readSettings } from './settings.ts';

/** `dotmac ask <who> <operation>`: one operation as somebody of the demo; the answer as JSON. */
export async function runAsk([who, operation]: readonly string[], flags: Flags): Promise<void> {
  const { url, token } = credentialOf('ask', who, operation);
  const data = await graphClient(url, token, flags.tenant).ask(operation ?? '', variablesOf(flags));
  print(data, flags);
}

/** `dotmac watch <who> <subscription>`: events as they come, until Ctrl-C; `--after` goes on after a cursor. */
export async function runWatch([who, operation]: readonly string[], flags: Flags): Promise<void> {
  const { url, token } = credentialOf('watch', who, operation);
  const client = createClient({ url, headers: { authorization: `Bearer ${token}` }, retryAttempts: 0 });
  process.once('SIGINT', () => client.dispose());
  const variables = { ...variablesOf(flags), ...(flags.after === undefined ? {} : { after: flags.after }) };
  let left = flags.count === undefined ? Number.POSITIVE_INFINITY : Number(flags.count);
  for await (const { data, errors } of client.iterate({ query: operation ?? '', variables })) {
    if (errors?.[0] !== undefined) throw new CommandError(errors[0].message);
    print(data, flags);
    if (--left <= 0) break;
  }
  client.dispose();
}

function credentialOf(
  command: string,
  who: string | undefined,
  operation: string | undefined,
): { url: string; token: string } {
  if (who === undefined || operation === undefined)
    throw new UsageError(`${command} needs somebody, such as alpha.owner, and an operation`);
  return demoCredential(readSettings().home, who);
}

function variablesOf({ variables }: Flags): Record<string, unknown> {
  if (variables === undefined) return {};
  try {
    return JSON.parse(variables) as Record<string, unknown>;
  } catch (error) {
    throw new UsageError(`--variables is not JSON: ${error instanceof Error ? error.message : error}`);
  }
}

function print(data: unknown, flags: Flags): void {
  process.stdout.write(`${JSON.stringify(data, null, flags.json === true ? undefined : 2)}\n`);
}
