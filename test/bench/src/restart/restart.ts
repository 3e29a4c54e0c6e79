import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { packetCodes, RadiusClient, sharedSecret } from '@dotmac/radius';
import { type DemoTenant, median, newInstallation, rounded } from '../installation.ts';
import type { Report } from '../report.ts';

const rounds = 2;
/** A run that lasted this long counts as healthy, and its end is no reason to wait. */
const healthyMilliseconds = 61_000;
/** Each is asked this often; every request is sent once and never again. */
const everyMilliseconds = 10;

/** How long logins and accounting are unanswered after `kill -9` of a tenant's runtime, while they are asked all the time. */
export async function run(report: Report): Promise<void> {
  await using installation = await newInstallation();
  const { demo } = await installation.start();
  const unanswered: Unanswered[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await delay(healthyMilliseconds);
    for (const slug of ['alpha', 'bravo']) {
      const tenant = demo.tenants[slug];
      if (tenant === undefined) throw new Error(`The demo has no ${slug}`);
      unanswered.push(await killAndWait(runtimePid(installation.home, slug), tenant));
    }
  }
  for (const what of ['logins', 'accounting'] as const) {
    const metric = `after kill -9 of the runtime, ${what} unanswered for`;
    const took = unanswered.map((one) => one[what]);
    report.figure({ metric: `${metric}, median`, value: rounded(median(took), 0), unit: 'ms' });
    report.figure({ metric: `${metric}, at most`, value: rounded(Math.max(...took), 0), unit: 'ms' });
  }
}

/** Milliseconds from the kill to the first answer. */
interface Unanswered {
  readonly logins: number;
  readonly accounting: number;
}

async function killAndWait(pid: number, { radius, logins: [login] }: DemoTenant): Promise<Unanswered> {
  if (login === undefined) throw new Error('The demo has no subscribers');
  const client = new RadiusClient();
  const asked = { host: radius.host, secret: sharedSecret(radius.secret), waitsMs: [2_000] };
  const name = { name: 'User-Name', value: login.username };
  const isAccepted = async () => {
    const { reply } = await client.exchange({
      ...asked,
      port: radius.authPort,
      code: packetCodes['Access-Request'],
      replyCodes: [packetCodes['Access-Accept'], packetCodes['Access-Reject']],
      attributes: [name, { name: 'User-Password', value: login.password }],
      messageAuthenticator: true,
    });
    return reply?.code === packetCodes['Access-Accept'];
  };
  const isTaken = async () => {
    const { reply } = await client.exchange({
      ...asked,
      port: radius.acctPort,
      code: packetCodes['Accounting-Request'],
      replyCodes: [packetCodes['Accounting-Response']],
      attributes: [
        name,
        { name: 'Acct-Status-Type', value: 'Interim-Update' },
        { name: 'Acct-Session-Id', value: 'restart-bench' },
      ],
      messageAuthenticator: false,
    });
    return reply !== null;
  };
  try {
    if (!(await isAccepted()) || !(await isTaken()))
      throw new Error('The login or accounting is not answered');
    process.kill(pid, 'SIGKILL');
    const killed = performance.now();
    const [logins, accounting] = await Promise.all([firstAnswer(isAccepted), firstAnswer(isTaken)]);
    return { logins: logins - killed, accounting: accounting - killed };
  } finally {
    await client.close();
  }
}

/** Asks again and again. @returns when the first answer came, by `performance.now()`. */
async function firstAnswer(ask: () => Promise<boolean>): Promise<number> {
  const answered = Promise.withResolvers<number>();
  const timer = setInterval(() => {
    ask().then(
      (is) => is && answered.resolve(performance.now()),
      // Nobody listens yet, as the system tells.
      () => undefined,
    );
  }, everyMilliseconds);
  try {
    return await answered.promise;
  } finally {
    clearInterval(timer);
  }
}

function runtimePid(home: string, slug: string): number {
  const [file = ''] = globSync(`hosting/tenants/${slug}/workloads/*/workload.json`, { cwd: home });
  return (JSON.parse(readFileSync(join(home, file), 'utf8')) as { process: { pid: number } }).process.pid;
}
