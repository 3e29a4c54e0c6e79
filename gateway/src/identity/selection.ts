import type { IncomingHttpHeaders } from 'node:http';
import { GatewayError } from '../errors.ts';
import type { RegistrySnapshot, Route } from '../registry/snapshot.ts';

const tenantHeader = 'x-dotmac-tenant';

/** What a request says about the tenant it wants. It is a wish: `authorise` decides whether the caller may. */
export interface TenantWish {
  /** Of the header `x-dotmac-tenant`, or of `tenant` in `connection_init`. */
  readonly slug: string | undefined;
  /** Lower case, without the port. */
  readonly hostname: string | undefined;
}

export function tenantWishOf(headers: IncomingHttpHeaders): TenantWish {
  const slug = headers[tenantHeader];
  const hostname = headers.host?.replace(/:\d+$/, '').toLowerCase();
  return { slug: typeof slug === 'string' && slug !== '' ? slug : undefined, hostname };
}

/**
 * The tenant that is asked for, if any: the slug goes before the host name.
 * @throws GatewayError `TENANT_FORBIDDEN`: the same for a tenant that never was and for one the caller may not enter.
 */
export function selectedRoute(wish: TenantWish, snapshot: RegistrySnapshot): Route | undefined {
  if (wish.slug === undefined) {
    return wish.hostname === undefined ? undefined : snapshot.routesByHostname.get(wish.hostname);
  }
  const route = snapshot.routesBySlug.get(wish.slug);
  if (route === undefined) throw tenantForbidden(wish);
  return route;
}

export function tenantForbidden({ slug, hostname = '' }: TenantWish): GatewayError {
  const tenant = slug ?? hostname;
  return new GatewayError(
    'TENANT_FORBIDDEN',
    `There is no tenant ${JSON.stringify(tenant)} that you may act in`,
  );
}
