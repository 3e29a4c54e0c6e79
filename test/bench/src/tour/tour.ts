import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { ask, median, newInstallation, rounded } from '../installation.ts';
import type { Report } from '../report.ts';

/** The README's first step: subscribers with what they buy, owe and use, and the partner who brought the tenant. */
const query = `{
  tenant { name partner { name } }
  customers(first: 50) {
    edges {
      node {
        number name balance { amount currency }
        services {
          state
          plan { name }
          access { username address device { name } session { startedAt address } }
        }
      }
    }
  }
}`;
const repeats = 200;

/** Round trips per subgraph of the tour's query, counted by the subgraphs themselves, and its time. */
export async function run(report: Report): Promise<void> {
  await using installation = await newInstallation();
  const { demo } = await installation.start();
  const token = demo.tenants.alpha?.tokens.owner ?? '';
  const once = async () => {
    const begun = performance.now();
    await ask(demo.graphql, token, query);
    return performance.now() - begun;
  };
  const runtimes = runtimesOf(installation.home);
  await once();
  const before = await asked(runtimes);
  await once();
  const after = await asked(runtimes);
  for (const [subgraph, count] of after) {
    const value = count - (before.get(subgraph) ?? 0);
    report.figure({ metric: `round trips to ${subgraph}`, value, unit: 'requests' });
  }
  const milliseconds: number[] = [];
  for (let index = 0; index < repeats; index += 1) milliseconds.push(await once());
  report.figure({ metric: `p50 of ${repeats}`, value: rounded(median(milliseconds), 1), unit: 'ms' });
}

type Address = { readonly socketPath: string } | { readonly host: string; readonly port: number };

/** Where alpha's runtime and the control plane answer, as the gateway knows it. */
function runtimesOf(home: string): Address[] {
  const read = (file: string) => JSON.parse(readFileSync(join(home, 'secrets', 'gateway', file), 'utf8'));
  const { routes } = read('registry.json') as { routes: { slug: string; origin: string }[] };
  const alpha = routes.find(({ slug }) => slug === 'alpha')?.origin ?? '';
  const control = new URL((read('handover.json') as { origin: string }).origin);
  return [
    { socketPath: alpha.slice('unix:'.length) },
    { host: control.hostname, port: Number(control.port) },
  ];
}

/** Requests per subgraph since the runtimes started. */
async function asked(runtimes: readonly Address[]): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const runtime of runtimes)
    for (const [, labels = '', count] of (await metricsOf(runtime)).matchAll(
      /^dotmac_subgraph_requests_total\{(.*)\} (\d+)$/gm,
    ))
      counts.set(/subgraph="(\w+)"/.exec(labels)?.[1] ?? labels, Number(count));
  return counts;
}

function metricsOf(address: Address): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ ...address, path: '/metrics', agent: false }, (response) => {
      let text = '';
      response
        .setEncoding('utf8')
        .on('data', (part: string) => {
          text += part;
        })
        .on('end', () => resolve(text));
    })
      .on('error', reject)
      .end();
  });
}
