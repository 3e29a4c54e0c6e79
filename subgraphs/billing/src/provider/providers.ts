import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import type { BillingServices } from '../builder.ts';
import type { PaymentProvider } from './port.ts';
import { sandboxProvider } from './sandbox.ts';
import { openCredentials, type ProviderRow, providerById } from './store.ts';

export interface ProviderOptions {
  /** Where Stripe's API answers; its own address when absent. */
  readonly stripeOrigin?: URL | undefined;
}

/** The tenant's payment providers, opened with their sealed credentials. */
export class Providers {
  readonly #services: BillingServices;
  readonly #options: ProviderOptions;
  readonly #open = new Map<string, { readonly changedAt: number; readonly provider: PaymentProvider }>();

  constructor(services: BillingServices, options: ProviderOptions = {}) {
    this.#services = services;
    this.#options = options;
  }

  /** Null when there is none with this id. One that is switched off still answers about what it did. */
  async byId(
    id: string,
    db: Executor<TenantDatabase> = this.#services.database,
  ): Promise<PaymentProvider | null> {
    const row = await providerById(db, id);
    return row === null ? null : this.of(row);
  }

  async of(row: ProviderRow): Promise<PaymentProvider> {
    const changedAt = row.changedAt.getTime();
    const known = this.#open.get(row.id);
    if (known?.changedAt === changedAt) return known.provider;
    const { secrets, database } = this.#services;
    const credentials = openCredentials(secrets, row);
    const provider =
      row.kind === 'stripe'
        ? // Most tenants never need its SDK.
          (await import('./stripe.ts')).stripeProvider({ ...credentials, origin: this.#options.stripeOrigin })
        : sandboxProvider({ ...credentials, database });
    this.#open.set(row.id, { changedAt, provider });
    return provider;
  }
}
