import type { TenantDatabase } from '@dotmac/migrations';
import type { Services } from '@dotmac/platform';
import { type Context, createBuilder, type TenantEvents } from '@dotmac/schema';
import type { LoginPolicy } from './aaa/policy.ts';
import type { RadiusPort } from './aaa/port.ts';
import type { AccessEnforcement } from './change/enforcement.ts';
import type { EapOffer } from './eap/offer.ts';
import type { IncidentOptions } from './incident/facts.ts';
import type { PortWatch } from './interface/port-watch.ts';
import type { NetworkLoaders } from './loaders.ts';
import type { Poller } from './monitor/poller.ts';
import type { NasWatch } from './nas/watch.ts';
import type { ProfileKit } from './ports.ts';
import type { RadSecDoor } from './radsec/door.ts';
import type { SensorLane } from './sensor/lane.ts';
import type { ServiceFacts } from './service-state/facts.ts';
import type { SurroundingsWatch } from './survey/follow.ts';

export type NetworkServices = Services<TenantDatabase, TenantEvents>;

export interface NetworkContext extends Context {
  readonly services: NetworkServices;
  readonly loaders: NetworkLoaders;
  readonly enforcement: AccessEnforcement;
  readonly policy: LoginPolicy;
  readonly radius: RadiusPort;
  readonly nasWatch: NasWatch;
  readonly eap: EapOffer;
  readonly radSec: RadSecDoor;
  readonly poller: Poller;
  readonly sensors: SensorLane;
  readonly profiles: ProfileKit;
  /** Until when an observation counts. */
  readonly watch: IncidentOptions & Pick<ServiceFacts, 'linkFreshMilliseconds'>;
  readonly surroundings: SurroundingsWatch;
  readonly portWatch: PortWatch;
}

export const builder = createBuilder<NetworkContext>();
builder.mutationType({});
builder.subscriptionType({});
