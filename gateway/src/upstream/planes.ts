import { GatewayError } from '../errors.ts';
import type { SubgraphTarget } from '../execution/http-client.ts';
import type { RegistrySnapshot } from '../registry/snapshot.ts';

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
  readonly #controlPlane: ControlPlane;
  readonly #current: () => RegistrySnapshot;

  constructor(controlPlane: ControlPlane, current: () => RegistrySnapshot) {
    this.#controlPlane = controlPlane;
    this.#current = current;
  }

  /**
   * Only origins of the registry and the configuration are ever given; nothing of the request is in them.
   * @throws GatewayError `TENANT_REQUIRED`, `TENANT_UNKNOWN`, `TENANT_CLOSED`, or `TENANT_SUSPENDED` for a mutation.
   */
  locate(subgraph: string, tenantId: string | null, isMutation: boolean): Location {
    const path = `/graphql/${subgraph}`;
    if (this.#controlPlane.subgraphs.includes(subgraph)) {
      return { plane: 'platform', target: { origin: this.#controlPlane.origin, path } };
    }
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
    return { plane: tenantId, target: { origin: route.origin, path } };
  }
}
