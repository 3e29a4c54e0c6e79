import { GatewayError } from '../errors.ts';
import type { SubgraphTarget } from '../execution/http-client.ts';
import type { RegistrySnapshot, Route } from '../registry/snapshot.ts';

export interface ControlPlane {
  /** `unix:/path` or `http://host:port`. */
  readonly origin: string;
  /** The subgraphs that it serves; all others are the tenants'. */
  readonly subgraphs: readonly string[];
}

export interface Location {
  /** The tenant's id, or `platform`: the first half of the audience of internal tokens. */
  readonly plane: string;
  readonly target: SubgraphTarget;
}

/** Finds the process that serves a subgraph: the control plane, or the runtime of the authenticated tenant. */
export class Planes {
  readonly #current: () => RegistrySnapshot;
  readonly #ofControlPlane = new Map<string, Location>();
  readonly #ofRoute = new WeakMap<Route, Map<string, Location>>();

  constructor(controlPlane: ControlPlane, current: () => RegistrySnapshot) {
    this.#current = current;
    const { origin, subgraphs } = controlPlane;
    for (const subgraph of subgraphs)
      this.#ofControlPlane.set(subgraph, { plane: 'platform', target: { origin, path: pathOf(subgraph) } });
  }

  /**
   * Only origins of the registry and the configuration are ever given; nothing of the request is in them.
   * @throws GatewayError `TENANT_REQUIRED`, `TENANT_UNKNOWN`, `TENANT_CLOSED`, or `TENANT_SUSPENDED` for a mutation.
   */
  locate(subgraph: string, tenantId: string | null, isMutation: boolean): Location {
    const ofControlPlane = this.#ofControlPlane.get(subgraph);
    if (ofControlPlane !== undefined) return ofControlPlane;
    if (tenantId === null) {
      throw new GatewayError(
        'TENANT_REQUIRED',
        'This lies in a tenant: name one with the header x-dotmac-tenant, or use its host name',
      );
    }
    const route = this.#current().routesByTenant.get(tenantId);
    if (route === undefined) throw new GatewayError('TENANT_UNKNOWN', 'This tenant does not run here');
    if (route.state === 'CLOSED') throw new GatewayError('TENANT_CLOSED', `${route.name} is closed`);
    if (route.state === 'SUSPENDED' && isMutation) {
      throw new GatewayError('TENANT_SUSPENDED', `${route.name} is suspended: it can be read, not changed`);
    }
    let locations = this.#ofRoute.get(route);
    if (locations === undefined) {
      locations = new Map();
      this.#ofRoute.set(route, locations);
    }
    let location = locations.get(subgraph);
    if (location === undefined) {
      location = { plane: tenantId, target: { origin: route.origin, path: pathOf(subgraph) } };
      locations.set(subgraph, location);
    }
    return location;
  }
}

const pathOf = (subgraph: string) => `/graphql/${subgraph}`;
