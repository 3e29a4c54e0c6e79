import { createClient } from 'graphql-sse';
import { expectResult, graphClient } from '../graph-client.ts';
import { CommandError } from './command.ts';

interface Entry {
  readonly at: string;
  readonly direction: 'RECEIVED' | 'SENT' | null;
  readonly code: string | null;
  readonly identifier: number | null;
  readonly length: number | null;
  readonly peer: 'NAS' | 'HOME_SERVER' | null;
  readonly peerAddress: string | null;
  /** Null over UDP. */
  readonly certificate: { readonly names: readonly string[]; readonly fingerprint: string } | null;
  readonly repeated: boolean;
  readonly nas: { readonly name: string } | null;
  readonly attributes: readonly {
    readonly name: string;
    readonly value: string | null;
    readonly octets: number;
    readonly hidden: string | null;
  }[];
  readonly decision: {
    readonly decision: string;
    readonly reason: string | null;
    readonly steps: readonly { readonly check: string; readonly passed: boolean; readonly fact: string }[];
  } | null;
}

const begin = `mutation ($input: StartPacketTraceInput!) { startPacketTrace(input: $input) {
  __typename ... on PacketTrace { id until } ... on Failure { code message } } }`;
const end = `mutation ($input: StopPacketTraceInput!) { stopPacketTrace(input: $input) {
  __typename ... on PacketTrace { id } ... on Failure { code message } } }`;
const stream = `subscription ($id: ID!) { packetTraceEntries(traceId: $id, initial: true) { cursor at direction code identifier length
  peer peerAddress certificate { names fingerprint } repeated nas { name } attributes { name value octets hidden } decision { decision reason steps { check passed fact } } } }`;

interface Trace {
  readonly __typename: string;
  readonly id: string;
  readonly until: string;
}

/** Switches a trace on, prints what it sees until it ends, and switches it off at Ctrl-C. */
export async function followTrace(
  credential: { readonly url: string; readonly token: string; readonly tenant: string | undefined },
  input: { readonly username: string; readonly minutes: number; readonly reason: string },
  asJson: boolean,
): Promise<void> {
  const { url, token, tenant } = credential;
  const graph = graphClient(url, token, tenant);
  const { startPacketTrace } = await graph.ask<{ startPacketTrace: Trace }>(begin, { input });
  const { id, until } = expectResult(startPacketTrace, 'PacketTrace');
  process.stderr.write(`tracing ${input.username} until ${until}; Ctrl-C ends it\n`);
  const client = createClient({
    url,
    headers: {
      authorization: `Bearer ${token}`,
      ...(tenant === undefined ? {} : { 'x-dotmac-tenant': tenant }),
    },
    retryAttempts: 0,
  });
  process.once('SIGINT', () => client.dispose());
  try {
    for await (const { data, errors } of client.iterate<{ packetTraceEntries: Entry }>({
      query: stream,
      variables: { id },
    })) {
      if (errors?.[0] !== undefined) throw new CommandError(errors[0].message);
      const entry = data?.packetTraceEntries;
      if (entry != null) process.stdout.write(asJson ? `${JSON.stringify(entry)}\n` : toldEntry(entry));
    }
  } finally {
    client.dispose();
    await graph.ask(end, { input: { id } });
  }
}

/** An entry as text, hidden values by their reason. */
function toldEntry(entry: Entry): string {
  const { at, direction, code, identifier, length, peer, peerAddress, certificate, repeated } = entry;
  const { nas, attributes, decision } = entry;
  if (decision !== null) {
    const steps = decision.steps.map(
      ({ check, passed, fact }) => `    ${passed ? 'ok  ' : 'FAIL'}  ${check.padEnd(9)} ${fact}`,
    );
    const reason = decision.reason === null ? '' : `: ${decision.reason}`;
    return `${[`${at}  decided ${decision.decision}${reason}`, ...steps].join('\n')}\n`;
  }
  const way = direction === 'SENT' ? 'to' : 'from';
  const whom = peer === 'HOME_SERVER' ? 'home server' : (nas?.name ?? '?');
  const again = repeated ? ', again' : '';
  const tls =
    certificate === null
      ? ''
      : `, certificate ${certificate.names.join(', ')} SHA-256 ${certificate.fingerprint}`;
  const head = `${at}  ${code} ${identifier} ${way} ${whom} (${peerAddress}${tls}), ${length} octets${again}`;
  const lines = attributes.map(({ name, value, octets, hidden }) => {
    const shown = hidden === null ? '' : `${value === null ? '' : ' '}(hidden: ${hidden}, ${octets} octets)`;
    return `    ${name} = ${value ?? ''}${shown}`;
  });
  return `${[head, ...lines].join('\n')}\n`;
}
