import { requestTenant, tenantsBySlug, untilActive } from '../demo/tenants.ts';
import type { GraphClient } from '../graph-client.ts';
import type { Flags } from '../main.ts';
import { UsageError } from './command.ts';
import { operator } from './operator.ts';

/** `dotmac tenant list | create`: a client of the graph like any other, signed in as the operator. */
export async function runTenant([verb, slug]: readonly string[], flags: Flags): Promise<void> {
  if (verb === 'list') return list(await operator(), flags);
  if (verb === 'create') return create(await operator(), slug, flags);
  throw new UsageError(`There is no "tenant ${verb ?? ''}"; there are: tenant list, tenant create`);
}

async function list(client: GraphClient, flags: Flags): Promise<void> {
  const tenants = [...(await tenantsBySlug(client)).values()];
  if (flags.json === true) process.stdout.write(`${JSON.stringify(tenants)}\n`);
  else
    for (const { slug, state, id } of tenants)
      process.stdout.write(`${slug.padEnd(20)} ${state.padEnd(14)} ${id}\n`);
}

async function create(client: GraphClient, slug: string | undefined, flags: Flags): Promise<void> {
  if (slug === undefined) throw new UsageError('tenant create needs a slug');
  await requestTenant(client, {
    slug,
    name: flags.name ?? slug,
    timeZone: flags['time-zone'] ?? 'America/Toronto',
    currency: flags.currency ?? 'USD',
    country: flags.country ?? 'CA',
    ownerEmail: flags.owner ?? `owner@${slug}.localhost`,
  });
  const tenant = (await untilActive(client, [slug])).get(slug);
  if (flags.json === true) process.stdout.write(`${JSON.stringify(tenant)}\n`);
  else process.stdout.write(`${slug} is active\n`);
}
