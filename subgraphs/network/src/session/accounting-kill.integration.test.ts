import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startTestPostgres } from '@dotmac/harness';
import { migrate } from '@dotmac/migrations';
import { packetCodes, RadiusClient, sharedSecret } from '@dotmac/radius';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { accountingSecret, openAccounting } from '../testing/accounting-process.ts';

const program = fileURLToPath(new URL('../testing/accounting-process.ts', import.meta.url));
const answersBeforeKill = 60;
const inFlight = 40;

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let connectionString: string;
beforeAll(async () => {
  postgres = await startTestPostgres();
  connectionString = await postgres.createDatabase();
  await migrate({ connectionString, kind: 'tenant' });
});
afterAll(() => postgres?.[Symbol.asyncDispose]());

/** Sends Starts until so many are answered, then kills the server under load. @returns the sessions whose Start was answered. */
async function loadAndKill(round: number): Promise<string[]> {
  const server = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', program, connectionString],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const [said] = (await once(server.stdout, 'data')) as [Buffer];
  const client = new RadiusClient();
  const answered: string[] = [];
  let next = 0;
  const line = async () => {
    while (!server.killed) {
      const session = `round-${round}-${next++}`;
      const { reply } = await client.exchange({
        host: '127.0.0.1',
        port: Number(said),
        secret: sharedSecret(accountingSecret),
        code: packetCodes['Accounting-Request'],
        replyCodes: [packetCodes['Accounting-Response']],
        attributes: [
          { name: 'Acct-Status-Type', value: 'Start' },
          { name: 'Acct-Session-Id', value: session },
          { name: 'User-Name', value: session },
        ],
        messageAuthenticator: false,
        waitsMs: [1_000],
      });
      if (reply !== null) answered.push(session);
      if (answered.length >= answersBeforeKill) server.kill('SIGKILL');
    }
  };
  await Promise.all(Array.from({ length: inFlight }, line));
  client.close();
  if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
  return answered;
}

test('a server that is killed under load has lost no record it answered, and the next goes on', async () => {
  const answered: string[] = [];
  for (let round = 0; round < 2; round++) answered.push(...(await loadAndKill(round)));
  expect(answered.length).toBeGreaterThanOrEqual(2 * answersBeforeKill);

  // The next process takes what the killed ones had answered and not taken into the sessions.
  const { database, accounting } = openAccounting(connectionString);
  onTestFinished(() => database.destroy());
  await accounting.open();
  await expect.poll(() => accounting.behind, { timeout: 20_000 }).toBe(false);
  const rows = await database.selectFrom('network.session').select('nativeId').execute();
  const kept = new Set(rows.map((row) => row.nativeId));
  expect(kept.size).toBe(rows.length);
  expect(answered.filter((session) => !kept.has(session))).toEqual([]);
  const events = await database.selectFrom('events.event').select('type').execute();
  expect(events.length).toBe(rows.length);
});
