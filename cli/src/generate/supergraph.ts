import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { compose, printSubgraph } from '@dotmac/schema/compose';
import { schema as billing } from '@dotmac/subgraph-billing';
import { schema as network } from '@dotmac/subgraph-network';
import { schema as partners } from '@dotmac/subgraph-partners';
import { schema as subscribers } from '@dotmac/subgraph-subscribers';
import { schema as tenants } from '@dotmac/subgraph-tenants';
import type { GraphQLSchema } from 'graphql';
import { apiSchema } from '../schema-check/api-schema.ts';

export const subgraphs: Readonly<Record<string, GraphQLSchema>> = {
  subscribers,
  billing,
  network,
  partners,
  tenants,
};

/** What is committed in `schema/sdl`, by file name: each subgraph's SDL and the supergraph. */
export function printedSchemas(): Record<string, string> {
  const files: Record<string, string> = { 'supergraph.graphql': `${compose(subgraphs).trimEnd()}\n` };
  for (const [name, schema] of Object.entries(subgraphs))
    files[`${name}.graphql`] = `${printSubgraph(name, schema).trimEnd()}\n`;
  return files;
}

export const sdlFile = (name: string): string =>
  fileURLToPath(new URL(`../../../schema/sdl/${name}`, import.meta.url));

/** `pnpm schema` writes the SDL; with `--release` it also makes this the graph that later changes must not break. */
if (import.meta.main) {
  const files = printedSchemas();
  if (process.argv.includes('--release')) {
    files['released.graphql'] = apiSchema(files['supergraph.graphql'] ?? '');
    files['breaking-changes.json'] = '{}\n';
  }
  for (const [name, text] of Object.entries(files)) {
    await writeFile(sdlFile(name), text);
    console.log(`Wrote ${sdlFile(name)}`);
  }
}
