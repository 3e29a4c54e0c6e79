import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const entry = {
  at: '2026-01-01T00:00:00.000Z',
  direction: 'RECEIVED',
  code: 'Access-Request',
  identifier: 7,
  length: 60,
  peer: 'NAS',
  peerAddress: '192.0.2.1',
  certificate: null,
  repeated: false,
  nas: { name: 'bng-1' },
  attributes: [{ name: 'User-Name', value: 'ada', octets: 3, hidden: null }],
  decision: null,
};

const overTls = { ...entry, identifier: 8, certificate: { names: ['bng-1.example'], fingerprint: 'AB:CD' } };

test('Ctrl-C ends a trace: it is switched off, and the command has done well', async () => {
  const asked: { query: string; variables: unknown }[] = [];
  const graph = createServer(async (request, response) => {
    const body = JSON.parse(await text(request)) as { query: string; variables: unknown };
    asked.push(body);
    if (body.query.startsWith('subscription')) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const packetTraceEntries of [entry, overTls])
        response.write(`event: next\ndata: ${JSON.stringify({ data: { packetTraceEntries } })}\n\n`);
      return;
    }
    const until = '2026-01-01T00:10:00.000Z';
    const trace = { __typename: 'PacketTrace', id: 'trc_1', until };
    const field = body.query.includes('startPacketTrace') ? 'startPacketTrace' : 'stopPacketTrace';
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ data: { [field]: trace } }));
  });
  graph.listen(0, '127.0.0.1');
  await once(graph, 'listening');
  const { port } = graph.address() as AddressInfo;
  const home = mkdtempSync(join(tmpdir(), 'dotmac-trace-'));
  const demo = {
    graphql: `http://127.0.0.1:${port}/graphql`,
    tenants: { alpha: { tokens: { noc: 'token' } } },
  };
  writeFileSync(join(home, 'demo.json'), JSON.stringify(demo));
  try {
    const child = spawn(
      process.execPath,
      [fileURLToPath(new URL('../main.ts', import.meta.url)), 'radius', 'trace', '--user', 'ada'],
      { env: { ...process.env, DOTMAC_HOME: home }, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const exited = once(child, 'exit');
    let said = '';
    for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
      said += String(chunk);
      if (said.split('User-Name = ada').length > 2) break;
    }
    expect(said).toContain('Access-Request 7 from bng-1 (192.0.2.1), 60 octets');
    expect(said).toContain(
      'Access-Request 8 from bng-1 (192.0.2.1, certificate bng-1.example SHA-256 AB:CD), 60 octets',
    );
    child.kill('SIGINT');
    expect(await exited).toEqual([0, null]);
    expect(asked.at(-1)?.query).toContain('stopPacketTrace');
    expect(asked.at(-1)?.variables).toEqual({ input: { id: 'trc_1' } });
  } finally {
    graph.closeAllConnections();
    graph.close();
    rmSync(home, { recursive: true, force: true });
  }
});
