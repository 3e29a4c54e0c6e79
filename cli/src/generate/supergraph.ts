import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { compose, printSubgraph } from '@dotmac/schema/compose';
import { schema as partners } from '@dotmac/subgraph-partners';
import { schema as subscribers } from '@dotmac/subgraph-subscribers';
import { schema as tenants } from '@dotmac/subgraph-tenants';
import type { GraphQLSchema } from 'graphql';

export const subgraphs: Readonly<Record<string, GraphQLSchema>> = { subscribers, partners, tenants };

/** What is committed in `schema/sdl`, by file name: each subgraph's SDL and the supergraph. */
export function printedSchemas(): Record<string, string> {
  const files: Record<string, string> = { 'supergraph.graphql': `${compose(subgraphs).trimEnd()}\n` };
  for (const [name, schema] of Object.entries(subgraphs))
    files[`${name}.graphql`] = `${printSubgraph(schema).trimEnd()}\n`;
  return files;
}

export const sdlFile = (name: string): string =>
  fileURLToPath(new URL(`../../../schema/sdl/${name}`, import.meta.url));

if (import.meta.main) {
  for (const [name, text] of Object.entries(printedSchemas())) {
    await writeFile(sdlFile(name), text);
    console.log(`Wrote ${sdlFile(name)}`);
  }
}
