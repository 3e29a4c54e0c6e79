import { randomBytes } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Progress } from '../commands/progress.ts';
import { graphClient } from '../graph-client.ts';
import { operatorEmail, operatorSlug } from '../processes/operator.ts';
import { openFileSecrets } from '../secrets/file-secrets.ts';
import { readLabState, writeLabState } from './lab-state.ts';
import { seedOperatorPlans } from './operator-data.ts';
import { approvedLead, partnerApiKey, seedPartner } from './partner-data.ts';
import { demoPassword, seedTenant } from './tenant-data.ts';
import {
  requestTenant,
  signIn,
  type TenantSeen,
  tenantsBySlug,
  untilActive,
  untilAnswers,
} from './tenants.ts';

const demoTenants = [
  {
    slug: 'alpha',
    name: 'Alpha Wireless',
    timeZone: 'America/Toronto',
    currency: 'CAD',
    country: 'CA',
    ownerEmail: 'owner@alpha.localhost',
  },
  {
    slug: 'bravo',
    name: 'Bravo Fibre',
    timeZone: 'America/Chicago',
    currency: 'USD',
    country: 'US',
    ownerEmail: 'owner@bravo.localhost',
  },
] as const;

export interface SeedOptions {
  readonly home: string;
  readonly url: string;
  readonly progress: Progress;
  /** Starts the simulated networks; resolves when their control answers. */
  readonly startLab: () => Promise<void>;
}

/**
 * Fills a fresh installation through the graph alone, as any client could, and writes `demo.json`. A second run finds
 * what is there and only signs in anew.
 */
export async function seedDemo({ home, url, progress, startLab }: SeedOptions): Promise<void> {
  const secrets = openFileSecrets(home);
  const anybody = graphClient(url);
  const operator = await signIn(anybody, operatorEmail, await secrets.read('platform', 'operator-password'));

  progress.step('tenants operator, alpha and bravo');
  const partner = await seedPartner(operator.client, anybody, demoPassword);
  const there = await tenantsBySlug(operator.client);
  for (const wanted of demoTenants) {
    if (there.has(wanted.slug)) continue;
    // Alpha was brought by the partner, bravo came by itself.
    const leadId =
      wanted.slug === 'alpha'
        ? await approvedLead(partner.client, operator.client, wanted.name, wanted.ownerEmail)
        : null;
    await requestTenant(operator.client, { ...wanted, leadId });
  }
  const tenants = await untilActive(operator.client, [operatorSlug, ...demoTenants.map(({ slug }) => slug)]);

  progress.step('simulated networks');
  keepLabState(home, tenants);
  await startLab();

  progress.step('demo data');
  const platform = anybody.as(operator.token, operatorSlug);
  await untilAnswers(platform);
  await seedOperatorPlans(platform);
  const seeded = await Promise.all(
    demoTenants.map(async ({ slug, ownerEmail, currency }) => {
      const owner = await signIn(anybody, ownerEmail, await secrets.read(slug, 'owner-password'));
      await untilAnswers(owner.client);
      return [
        slug,
        await seedTenant({ slug, currency, owner, anybody, secrets, lab: readLabState(home) }),
      ] as const;
    }),
  );
  write(join(home, 'demo.json'), {
    graphql: url,
    tenants: Object.fromEntries(seeded),
    operator: { token: operator.token },
    partner: { token: partner.token, apiKey: await partnerApiKey(partner.client, secrets) },
  });
}

/** Each tenant's network talks to the tenant's RADIUS server with a secret of its own. */
function keepLabState(home: string, tenants: ReadonlyMap<string, TenantSeen>): void {
  const state = readLabState(home);
  const networks = Object.fromEntries(
    demoTenants.map(({ slug }) => {
      const { radius } = tenants.get(slug) ?? {};
      if (radius === undefined) throw new Error(`Tenant ${slug} has no RADIUS ports`);
      const known = state.networks[slug];
      return [
        slug,
        {
          radius: {
            host: '127.0.0.1',
            authPort: radius.authPort,
            acctPort: radius.accountingPort,
            secret: known?.radius.secret ?? randomBytes(12).toString('hex'),
          },
          routerosPassword: known?.routerosPassword ?? randomBytes(12).toString('hex'),
          ports: known?.ports ?? {},
        },
      ];
    }),
  );
  writeLabState(home, { ...state, networks });
}

function write(file: string, value: unknown): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
