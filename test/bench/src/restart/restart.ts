import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { packetCodes, RadiusClient, sharedSecret } from '@dotmac/radius';
import { type DemoTenant, median, newInstallation, rounded } from '../installation.ts';
import type { Report } from '../report.ts';

const rounds = 2;
/** A run that lasted this long counts as healthy, and its end is no reason to wait. */
const healthyMilliseconds = 61_000;
/** A login is asked this often; each is asked once and never again. */
const everyMilliseconds = 10;

/** How long logins are unanswered after `kill -9` of a tenant's runtime, while they are asked all the time. */
export async function run(report: Report): Promise<void> {
  await using installation = await newInstallation();
  const { demo } = await installation.start();
  const unanswered: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await delay(healthyMilliseconds);
    for (const slug of ['alpha', 'bravo']) {
      const tenant = demo.tenants[slug];
      if (tenant === undefined) throw new Error(`The demo has no ${slug}`);
      unanswered.push(await killAndWait(runtimePid(installation.home, slug), tenant));
    }
  }
  const metric = 'after kill -9 of the runtime, logins are unanswered for';
  report.figure({ metric: `${metric}, median`, value: rounded(median(unanswered), 0), unit: 'ms' });
  report.figure({ metric: `${metric}, at most`, value: rounded(Math.max(...unanswered), 0), unit: 'ms' });
}

/** @returns milliseconds from the kill to the first accept. */
async function killAndWait(pid: number, { radius, logins: [login] }: DemoTenant): Promise<number> {
  if (login === undefined) throw new Error('The demo has no subscribers');
  const client = new RadiusClient();
  const isAccepted = async () => {
    const { reply } = await client.exchange({
      host: radius.host,
      port: radius.authPort,
      secret: sharedSecret(radius.secret),
      code: packetCodes['Access-Request'],
      replyCodes: [packetCodes['Access-Accept'], packetCodes['Access-Reject']],
      attributes: [
        { name: 'User-Name', value: login.username },
        { name: 'User-Password', value: login.password },
      ],
      messageAuthenticator: true,
      waitsMs: [2_000],
    });
    return reply?.code === packetCodes['Access-Accept'];
  };
  if (!(await isAccepted())) throw new Error('The login is not accepted');
  process.kill(pid, 'SIGKILL');
  const killed = performance.now();
  const answered = Promise.withResolvers<number>();
  const timer = setInterval(() => {
    isAccepted().then(
      (accepted) => accepted && answered.resolve(performance.now() - killed),
      // Nobody listens yet, as the system tells.
      () => undefined,
    );
  }, everyMilliseconds);
  try {
    return await answered.promise;
  } finally {
    clearInterval(timer);
    await client.close();
  }
}

function runtimePid(home: string, slug: string): number {
  const [file = ''] = globSync(`hosting/tenants/${slug}/workloads/*/workload.json`, { cwd: home });
  return (JSON.parse(readFileSync(join(home, file), 'utf8')) as { process: { pid: number } }).process.pid;
}
