import {
  type ApplyResult,
  type Clock,
  type DesiredState,
  type DeviceDriver,
  DeviceError,
  type DeviceFacts,
  type DeviceInterface,
  type DeviceSession,
  type DeviceTarget,
  type ModelName,
  type ModelOf,
  type Observed,
  type OperationContext,
  type Plan,
  type StreamEvent,
  systemClock,
  type Verification,
} from '@dotmac/device';
import { applySteps } from './access-apply.ts';
import { accessDigest, assessAccess, publicStep, riskOf } from './access-plan.ts';
import { type AccessSnapshot, readAccess } from './access-snapshot.ts';
import { type ClientOptions, RouterosClient } from './client.ts';
import type { RouterosCredential } from './credential.ts';
import { defaultFollowOptions, type FollowOptions, follow } from './follow.ts';
import {
  probeCapabilities,
  readAccessList,
  readHealth,
  readIdentity,
  readInterface,
  readInterfaces,
  readSessions,
  suspendedList,
} from './reads.ts';
import {
  readCustomerLinks,
  readForwarding,
  readLocalSystem,
  readNeighbors,
  readResolvedAddresses,
} from './surroundings.ts';

/** Settings for every session of a driver. */
export type RouterosDriverOptions = Pick<ClientOptions, 'connectTimeoutMs' | 'commandDeadlineMs' | 'limits'> &
  Partial<FollowOptions> & { readonly clock?: Clock };

/** A driver with settings of its own, for tests and for sites with slow links. */
export function createRouterosDriver(options: RouterosDriverOptions = {}): DeviceDriver<RouterosCredential> {
  return {
    protocol: 'routeros',
    open(target, credential) {
      const { host, port } = target;
      return new RouterosSession(target, new RouterosClient({ ...options, host, port, credential }), {
        ...defaultFollowOptions,
        ...options,
      });
    },
  };
}

/** MikroTik RouterOS 6.43 and later (older with `login: 'challenge'`) over its API. */
export const routerosDriver: DeviceDriver<RouterosCredential> = createRouterosDriver({ clock: systemClock });

class RouterosSession implements DeviceSession {
  readonly target: DeviceTarget;
  readonly #client: RouterosClient;
  /** One writer at a time: two plans carried out at once would each see half of the other. */
  #writing: Promise<unknown> = Promise.resolve();

  readonly #follow: FollowOptions;

  constructor(target: DeviceTarget, client: RouterosClient, follow: FollowOptions) {
    this.target = target;
    this.#client = client;
    this.#follow = follow;
  }

  async probe(call: OperationContext): Promise<DeviceFacts> {
    const identity = await readIdentity(this.#client, call);
    return { identity, capabilities: await probeCapabilities(this.#client, call) };
  }

  async *read<M extends ModelName>(
    model: M,
    context: OperationContext,
  ): AsyncGenerator<Observed<ModelOf[M]>> {
    const { source, values } = this.#reading(model, context);
    for await (const value of values)
      yield { value: value as ModelOf[M], source, observedAt: context.clock.now(), quality: 'good' };
  }

  #reading(
    model: ModelName,
    call: OperationContext,
  ): { source: string; values: AsyncIterable<ModelOf[ModelName]> } {
    const client = this.#client;
    switch (model) {
      case 'identity':
        return { source: 'routeros:/system/resource', values: single(readIdentity(client, call)) };
      case 'health':
        return { source: 'routeros:/system/resource', values: single(readHealth(client, call)) };
      case 'interface':
        return { source: 'routeros:/interface', values: readInterfaces(client, call) };
      case 'session':
        return { source: 'routeros:/ppp/active', values: readSessions(client, call) };
      case 'accessListEntry':
        return { source: 'routeros:/ip/firewall/address-list', values: readAccessList(client, call) };
      case 'localSystem':
        return { source: 'routeros:/system/identity', values: single(readLocalSystem(client, call)) };
      case 'neighbor':
        return { source: 'routeros:/ip/neighbor', values: readNeighbors(client, call) };
      case 'forwardingEntry':
        return { source: 'routeros:/interface/bridge/host', values: readForwarding(client, call) };
      case 'resolvedAddress':
        return { source: 'routeros:/ip/arp', values: readResolvedAddresses(client, call) };
      case 'customerLink':
        return { source: 'routeros:registration-table', values: readCustomerLinks(client, call) };
      default:
        throw new DeviceError(
          'CAPABILITY_UNSUPPORTED',
          `The RouterOS driver does not read "${String(model)}"`,
        );
    }
  }

  async readPort(stableKey: string, context: OperationContext): Promise<Observed<DeviceInterface> | null> {
    const value = await readInterface(this.#client, stableKey, context);
    return value === null
      ? null
      : { value, source: 'routeros:/interface', observedAt: context.clock.now(), quality: 'good' };
  }

  stream<M extends ModelName>(model: M, context: OperationContext): AsyncGenerator<StreamEvent<ModelOf[M]>> {
    return follow(this.#client, model, context, this.#follow);
  }

  async plan(desired: DesiredState, call: OperationContext): Promise<Plan> {
    const seen = await readAccess(this.#client, desired, call);
    const { steps } = assessAccess(desired, seen);
    return {
      target: this.target.id,
      desired,
      steps: steps.map(publicStep),
      risk: riskOf(steps),
      digest: accessDigest(this.target.id, desired, seen),
    };
  }

  apply(plan: Plan, call: OperationContext): Promise<ApplyResult> {
    const applied = this.#writing.then(() => this.#apply(plan, call));
    this.#writing = applied.catch(() => {
      // The caller has this error; the next writer starts afresh.
    });
    return applied;
  }

  async #apply(plan: Plan, call: OperationContext): Promise<ApplyResult> {
    if (plan.target !== this.target.id)
      throw new DeviceError('CONFLICT', `The plan is for ${plan.target}, this device is ${this.target.id}`);
    const seen = await readAccess(this.#client, plan.desired, call);
    if (accessDigest(this.target.id, plan.desired, seen) !== plan.digest)
      throw new DeviceError('CONFLICT', 'The device has changed since the plan was made; make a new plan');
    return applySteps(this.#client, assessAccess(plan.desired, seen).steps, call);
  }

  async verify(desired: DesiredState, context: OperationContext): Promise<Verification> {
    const result = (state: Verification['state'], evidence: string): Verification => ({
      state,
      evidence,
      source: 'routeros:/ip/firewall/address-list,/queue/simple,/ppp/active',
      observedAt: context.clock.now(),
    });
    try {
      const seen = await readAccess(this.#client, desired, context);
      const { differences } = assessAccess(desired, seen);
      if (differences.length > 0) return result('DIVERGED', differences.join('; '));
      if (desired.mode !== 'blocked' && seen.addresses.length === 0)
        return result('UNVERIFIED', `${desired.username} has no session and no address to look for`);
      return result('VERIFIED', evidenceOf(desired, seen));
    } catch (error) {
      if (!(error instanceof DeviceError) || error.code === 'CANCELLED') throw error;
      return result('UNVERIFIED', `${error.code}: ${error.message}`);
    }
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

async function* single<T>(value: Promise<T>): AsyncGenerator<T> {
  yield await value;
}

function evidenceOf(desired: DesiredState, seen: AccessSnapshot): string {
  if (desired.mode === 'blocked') return `no session of ${desired.username}`;
  const addresses = seen.addresses.join(', ');
  const listed = desired.mode === 'walledGarden' ? `on ${suspendedList}` : `not on ${suspendedList}`;
  const queue = seen.queues.find((one) => !one.disabled);
  return `${addresses} ${listed}; queue ${queue?.name} gives ${queue?.rates['max-limit']} (up/down)`;
}
