import type { ApplyResult, DesiredAccess, Plan, Verification } from '@dotmac/device';
import { ConflictError, NotFoundError } from '@dotmac/schema';
import { accessesByService } from '../access/store.ts';
import type { NetworkServices } from '../builder.ts';
import { fingerprintOf } from '../change/apply.ts';
import type { AccessEnforcement, OpenMeans } from '../change/enforcement.ts';
import { ladder } from '../change/rules.ts';
import { type Session, sessionsById } from './store.ts';

export interface DisconnectPlan {
  readonly session: Session;
  readonly plan: Plan;
  readonly means: OpenMeans;
  readonly fingerprint: string;
}

/** Plans to end one live session. Whether he may log in again is not touched. @throws NotFoundError, ConflictError */
export async function planDisconnect(
  { database }: NetworkServices,
  enforcement: AccessEnforcement,
  sessionId: string,
): Promise<DisconnectPlan> {
  const [session] = await sessionsById(database, [sessionId]);
  if (session === undefined) throw new NotFoundError('Session', sessionId);
  if (session.stoppedAt !== null) throw new ConflictError('SESSION_STOPPED', 'The session has ended already');
  const [access] = session.serviceId === null ? [] : await accessesByService(database, [session.serviceId]);
  if (access === undefined)
    throw new ConflictError('NO_SERVICE', 'The session belongs to no service of ours');
  const context = enforcement.context(AbortSignal.timeout(30_000), 'interactive', sessionId);
  const prospect = await enforcement.prospect({ ...access, mode: 'BLOCKED' }, context);
  const [means] = prospect === null ? [] : ladder(prospect.means, 'BLOCKED');
  if (prospect === null || means === undefined)
    throw new ConflictError('NO_MEANS', 'The access device of this session cannot be told to end it');
  const desired: DesiredAccess = {
    ...prospect.desired,
    sessionId: session.nativeId,
    address: session.address,
  };
  const plan = await means.session.plan(desired, context);
  return { session, plan, means, fingerprint: fingerprintOf(session.id, 'disconnect', [plan.digest]) };
}

/** Carries a plan out and reads back. @throws DeviceError */
export async function disconnect(
  enforcement: AccessEnforcement,
  { session, plan, means }: DisconnectPlan,
): Promise<{ readonly result: ApplyResult; readonly verification: Verification }> {
  const context = enforcement.context(AbortSignal.timeout(60_000), 'interactive', session.id);
  const result = await means.session.apply(plan, context);
  return { result, verification: await means.session.verify(plan.desired, context) };
}
