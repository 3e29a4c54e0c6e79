import { createHash } from 'node:crypto';
import type { PlanStep } from '@dotmac/device';
import { describeShaping } from '../access/rules.ts';
import type { Access } from '../access/store.ts';
import type { AccessEnforcement } from './enforcement.ts';
import { ladder } from './rules.ts';

/** What a change would do to the devices, in the order in which it would be tried. */
export interface AccessPlan {
  readonly access: Access;
  readonly wanted: string;
  /** The first means is used; the next only if reading back shows that it did not help. */
  readonly ways: readonly {
    readonly protocol: string;
    readonly risk: string;
    readonly steps: readonly PlanStep[];
  }[];
  /** Over what is wanted and what the devices showed. */
  readonly fingerprint: string;
}

/** Plans to bring a service's access to what its row says; reads devices, writes nothing. @throws DeviceError */
export async function planAccess(
  enforcement: AccessEnforcement,
  access: Access,
  operationId: string,
): Promise<AccessPlan> {
  const context = enforcement.context(AbortSignal.timeout(30_000), 'interactive', operationId);
  const prospect = await enforcement.prospect(access, context);
  const means = prospect === null ? [] : ladder(prospect.means, access.mode);
  const plans = prospect === null ? [] : await enforcement.plans(means, prospect.desired, context);
  const wanted = `${access.mode}, ${describeShaping(access.shaping)}`;
  return {
    access,
    wanted,
    ways: plans.map(({ protocol, plan }) => ({ protocol, risk: plan.risk, steps: plan.steps })),
    fingerprint: fingerprintOf(
      access.serviceId,
      wanted,
      plans.map(({ protocol, plan }) => `${protocol} ${plan.digest}`),
    ),
  };
}

export function fingerprintOf(subject: string, wanted: string, digests: readonly string[]): string {
  return createHash('sha256')
    .update(JSON.stringify([subject, wanted, digests]))
    .digest('hex');
}
