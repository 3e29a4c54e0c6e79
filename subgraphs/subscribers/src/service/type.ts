import { builder } from '../builder.ts';
import { lockReasons, serviceStates } from './rules.ts';
import type { Service, ServiceLock } from './store.ts';

export const ServiceRef = builder.objectRef<Service>('Service');
export const ServiceLockRef = builder.objectRef<ServiceLock>('ServiceLock');
export const ServiceStateEnum = builder.enumType('ServiceState', { values: serviceStates });
export const LockReasonEnum = builder.enumType('LockReason', { values: lockReasons });
/** Owned by `billing`; here it is only a name. */
export const PlanRef = builder.externalRef('Plan', builder.selection<{ id: string }>('id')).implement({
  externalFields: (t) => ({ id: t.id() }),
});
