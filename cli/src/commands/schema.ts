import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { GraphClient } from '../graph-client.ts';
import type { Flags } from '../main.ts';
import { apiSchema } from '../schema-check/api-schema.ts';
import { checkRecords, type KeyRecord, type KeyVerdict } from '../schema-check/check.ts';
import { type Graph, readGraph } from '../schema-check/graph.ts';
import { CommandError, UsageError } from './command.ts';
import { operator } from './operator.ts';

const current = fileURLToPath(new URL('../../../schema/sdl/supergraph.graphql', import.meta.url));

/**
 * `dotmac schema print`: the graph of this checkout as clients see it; nothing needs to run.
 *
 * `dotmac schema check <file>`: which keys' operations a proposed supergraph, or plain SDL, breaks. `--base` names the
 * graph of today where it is not the one of this checkout.
 * @throws CommandError, exit code 1, when an operation breaks.
 */
export async function runSchema([verb, file]: readonly string[], flags: Flags): Promise<void> {
  if (verb === 'print') {
    process.stdout.write(apiSchema(await readFile(current, 'utf8')));
    return;
  }
  if (verb !== 'check')
    throw new UsageError(`There is no "schema ${verb ?? ''}"; there are: schema print, schema check`);
  if (file === undefined) throw new UsageError('schema check needs the file of a proposed graph');
  const before = await graphOf(flags.base ?? current);
  const after = await graphOf(file);
  const verdicts = checkRecords(before, after, await recordsOf(await operator()));
  if (flags.json === true) process.stdout.write(`${JSON.stringify(verdicts)}\n`);
  else process.stdout.write(report(verdicts, after));
  const broken = verdicts.filter(({ verdict }) => verdict === 'breaks').length;
  if (broken > 0) throw new CommandError(`It breaks operations of ${broken} of ${verdicts.length} keys`);
}

async function graphOf(file: string): Promise<Graph> {
  try {
    return readGraph(await readFile(file, 'utf8'));
  } catch (error) {
    throw new CommandError(`${file} is no graph: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Every key's record, page by page. */
async function recordsOf(client: GraphClient): Promise<KeyRecord[]> {
  const query = `query ($after: String) { apiKeyRecords(first: 50, after: $after) {
    edges { node { apiKey { id name scopes } tenantId partnerId complete
      operations { hash text operationName lastSeenAt } } }
    pageInfo { endCursor hasNextPage } } }`;
  const records: KeyRecord[] = [];
  for (let after: string | null = null; ; ) {
    const { apiKeyRecords: page }: Page = await client.ask<Page>(query, { after });
    records.push(...page.edges.map(({ node }) => node));
    if (!page.pageInfo.hasNextPage) return records;
    after = page.pageInfo.endCursor;
  }
}

interface Page {
  readonly apiKeyRecords: {
    readonly edges: readonly { readonly node: KeyRecord }[];
    readonly pageInfo: { readonly endCursor: string | null; readonly hasNextPage: boolean };
  };
}

function report(verdicts: readonly KeyVerdict[], after: Graph): string {
  const lines = verdicts.flatMap(({ key, tenantId, partnerId, verdict, operations, touched }) => [
    `${verdict.padEnd(8)} ${key.name} (${key.id}, ${tenantId ?? partnerId ?? ''}), ${operations} operations`,
    ...touched.flatMap(({ hash, operationName, lastSeenAt, findings }) => [
      `         ${operationName || 'operation'} ${hash.slice(0, 12)}, last seen ${lastSeenAt}`,
      ...findings.map(({ level, message }) => `           ${level}: ${message}`),
    ]),
  ]);
  if (after.access === null)
    lines.push('The proposed graph does not say who may use what: scopes are not compared.');
  return `${lines.join('\n')}\n`;
}
