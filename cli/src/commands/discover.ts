import { setTimeout as wait } from 'node:timers/promises';
import { demoCredential } from '../demo/credentials.ts';
import { graphClient } from '../graph-client.ts';
import type { Flags } from '../main.ts';
import { CommandError, UsageError } from './command.ts';
import { readSettings } from './settings.ts';

const lookAgainMilliseconds = 1_000;

interface Discovery {
  readonly id: string;
  readonly state: string;
  readonly total: number;
  readonly done: number;
  readonly proposals: readonly Proposal[];
}
interface Proposal {
  readonly id: string;
  readonly host: string;
  readonly credential: number;
  readonly sysName: string | null;
  readonly vendor: string | null;
  readonly model: string | null;
  readonly version: string | null;
  readonly knownDevice: { readonly name: string } | null;
}
interface Answer {
  readonly discoverDevices: {
    readonly message?: string;
    readonly addresses: number;
    readonly seconds: number;
    readonly fingerprint: string;
    readonly discovery: Discovery | null;
  };
}

const selection =
  'id state total done proposals { id host credential sysName vendor model version knownDevice { name } }';
const operation = `mutation ($input: DiscoverDevicesInput!) { discoverDevices(input: $input) { ... on Failure { message }
  ... on DiscoverDevicesResult { addresses seconds fingerprint discovery { ${selection} } } } }`;

/** `dotmac device discover <range…>`: the plan, with `--apply` the search and what it found. A client of the graph. */
export async function discover(ranges: readonly string[], flags: Flags): Promise<void> {
  const { community = [], as: who } = flags;
  if (ranges.length === 0 || community.length === 0 || who === undefined)
    throw new UsageError(
      'device discover needs ranges, somebody with --as, such as alpha.noc, and at least one --community',
    );
  const { url, token } = demoCredential(readSettings().home, who);
  const graph = graphClient(url, token, flags.tenant);
  const input = {
    ranges,
    credentials: community.map((one) => ({ community: one })),
    ...(flags['port-id'] === undefined ? {} : { port: Number(flags['port-id']) }),
  };
  const ask = async (more: object) => {
    const { discoverDevices } = await graph.ask<Answer>(operation, { input: { ...input, ...more } });
    if (discoverDevices.message !== undefined) throw new CommandError(discoverDevices.message);
    return discoverDevices;
  };
  const plan = await ask({ mode: 'PLAN' });
  process.stderr.write(`${plan.addresses} addresses, at least ${plan.seconds} s\n`);
  if (flags.apply !== true) {
    process.stderr.write('Nothing was sent; --apply begins the search.\n');
    return;
  }
  let { discovery } = await ask({ mode: 'APPLY', fingerprint: plan.fingerprint });
  while (discovery?.state === 'RUNNING') {
    await wait(lookAgainMilliseconds);
    const { id } = discovery;
    ({ discovery } = await graph.ask<{ discovery: Discovery }>(
      `query ($id: ID!) { discovery(id: $id) { ${selection} } }`,
      { id },
    ));
    process.stderr.write(`  ${discovery.done} of ${discovery.total}, ${discovery.proposals.length} found\n`);
  }
  const proposals = discovery?.proposals ?? [];
  if (flags.json === true) {
    for (const proposal of proposals) process.stdout.write(`${JSON.stringify(proposal)}\n`);
    return;
  }
  for (const { id, host, credential, sysName, vendor, model, version, knownDevice } of proposals) {
    const what = [sysName, vendor, model, version].filter((word) => word !== null).join(' ');
    const known = knownDevice === null ? '' : `, already ${knownDevice.name}`;
    process.stdout.write(`${id}  ${host}  ${what} (credential ${credential}${known})\n`);
  }
  process.stderr.write(
    'Take one into the inventory with confirmDiscoveredDevice(input: { proposalId: … }).\n',
  );
}
