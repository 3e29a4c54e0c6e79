import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { secretBox } from '@dotmac/platform';
import { packetCodes, RadiusClient, sharedSecret } from '@dotmac/radius';
import pg from 'pg';
import type { Report } from '../report.ts';
import { type Contestant, startOwn } from './compare.ts';
import { startDatabase } from './database.ts';
import { ownDatabase, ownSealingKey } from './own-users.ts';
import { loadSecret } from './radgen.ts';

const subscribers = 100_000;
/** Changes whose effect is timed, of each kind. */
const changes = 200;
const everyMilliseconds = 5;
/** A process at rest has given back what loading took. */
const settleMilliseconds = 30_000;

/** What a hundred thousand subscribers who are all online cost in memory, and how soon a change of one of them holds. */
export async function run(report: Report): Promise<void> {
  if (process.platform !== 'linux') return report.note('left out: proportional set sizes need Linux');
  const folder = mkdtempSync(join(tmpdir(), 'dotmac-bench-subscribers-'));
  const database = await startDatabase(folder);
  const started: Contestant[] = [];
  let writer: pg.Client | undefined;
  try {
    const own = await startOwn(database, { users: subscribers, online: true });
    started.push(own);
    // One that is there already: connecting is not what is timed.
    writer = new pg.Client({ connectionString: database.urlOf(ownDatabase) });
    await writer.connect();
    await pause(settleMilliseconds);
    const pss = megabytes(own.pid);
    report.figure({
      metric: `PSS of the runtime, ${subscribers} subscribers online`,
      value: Math.round(pss),
      unit: 'MB',
    });
    for (const [metric, change, wanted] of [
      ['a new password is accepted after COMMIT', newPassword, 'Access-Accept'],
      ['a suspended subscriber is refused after COMMIT', suspension, 'Access-Reject'],
    ] as const) {
      const times: number[] = [];
      for (let n = 0; n < changes; n++) times.push(await effective(writer, own, n, change, wanted));
      times.sort((a, b) => a - b);
      for (const [name, part] of [
        ['p50', 0.5],
        ['p99', 0.99],
        ['at most', 1],
      ] as const)
        report.figure({
          metric: `${metric}, ${name}`,
          value: Math.round(times[Math.ceil(part * changes) - 1] ?? Number.NaN),
          unit: 'ms',
        });
    }
  } finally {
    await writer?.end();
    for (const own of started) await own.stop();
    await database.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

type Change = (service: string) => { readonly set: string; readonly password: string };

const newPassword: Change = (service) => {
  const sealed = secretBox(ownSealingKey).seal('changed', `access:${service}`);
  return { set: `password = '\\x${Buffer.from(sealed).toString('hex')}'`, password: 'changed' };
};
const suspension: Change = () => ({ set: `mode = 'BLOCKED', locks = '{ABUSE}'`, password: 'changed' });

/** Milliseconds from COMMIT to the first login sent that is answered as it should be; one is sent every 5 ms. */
async function effective(
  writer: pg.Client,
  { authPort }: Contestant,
  n: number,
  change: Change,
  wanted: 'Access-Accept' | 'Access-Reject',
): Promise<number> {
  const number = String(n).padStart(5, '0');
  const service = `svc_bench${number}`;
  const { set, password } = change(service);
  const client = new RadiusClient();
  const codes = [packetCodes['Access-Accept'], packetCodes['Access-Reject']];
  try {
    await writer.query(
      `begin; update network.access set ${set} where service_id = '${service}';
       insert into events.event (type, subject, payload, occurred_at, actor)
         values ('access.updated', '${service}', '{"serviceId":"${service}"}', now(), 'bench');
       commit`,
    );
    const committed = performance.now();
    return await new Promise((resolve, reject) => {
      let first = Number.POSITIVE_INFINITY;
      const timer = setInterval(() => {
        const sent = performance.now();
        if (sent - committed > 10_000) reject(new Error(`${service} was not ${wanted} after 10 s`));
        client
          .exchange({
            host: '127.0.0.1',
            port: authPort,
            secret: sharedSecret(loadSecret),
            code: packetCodes['Access-Request'],
            replyCodes: codes,
            attributes: [
              { name: 'User-Name', value: `user${number}` },
              { name: 'User-Password', value: password },
              { name: 'Calling-Station-Id', value: '02-00-00-00-00-01' },
            ],
            messageAuthenticator: true,
            waitsMs: [2_000],
          })
          .then(({ reply }) => {
            if (reply?.code !== packetCodes[wanted]) return;
            clearInterval(timer);
            // Answers may overtake each other: all that were sent before it are waited for no longer than this turn.
            first = Math.min(first, sent);
            setImmediate(() => resolve(first - committed));
          }, reject);
      }, everyMilliseconds);
    });
  } finally {
    client.close();
  }
}

/** proc(5): `Pss:` in smaps_rollup, in kB of 1024 octets. */
function megabytes(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1]) / 1024;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
