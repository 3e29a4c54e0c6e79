import type { LockReason } from '@dotmac/schema';
import type { LoginPolicy } from '../aaa/policy.ts';
import type { NetworkBase } from './network.ts';
import { questions } from './questions.ts';

/** A service with what its subscriber needs to log in. */
export interface TestService {
  readonly serviceId: string;
  readonly customerId: string;
  readonly username: string;
  readonly password: string;
  readonly address: string | null;
  readonly mac: string;
}

/** Orders, logins and locks. */
export function subscribers({ tenant, module, nas, append, about, mutate }: NetworkBase) {
  const { accessOf, explain } = questions(tenant);
  const { known } = module.policy as LoginPolicy;
  let ordered = 0;
  return {
    async order(planId = 'pln_50', wanted: string | null = null): Promise<TestService> {
      const number = ++ordered;
      const serviceId = `svc_test${String(number).padStart(8, '0')}`;
      const customerId = `cus_${number}`;
      await append({
        ...about(serviceId),
        type: 'service.ordered',
        payload: { serviceId, customerId, planId, username: wanted },
      });
      const access = await tenant.eventually(
        () => accessOf(serviceId),
        (answer) => answer !== null,
      );
      const row = await tenant.services.database
        .selectFrom('network.access')
        .select('readyAt')
        .where('serviceId', '=', serviceId)
        .executeTakeFirst();
      // Without a plan nobody can log in.
      if (row?.readyAt != null)
        await tenant.eventually(
          async () => known.serviceOf(access?.username ?? ''),
          (service) => service === serviceId,
        );
      const revealed = await mutate(
        'revealAccessPassword',
        { serviceId, reason: 'install visit' },
        '... on RevealedPassword { password }',
      );
      return {
        serviceId,
        customerId,
        username: access?.username ?? '',
        address: access?.address ?? null,
        password: String(revealed.password),
        mac: `cc:2d:e0:00:00:${number.toString(16).padStart(2, '0')}`,
      };
    },
    async online({ serviceId, username, password, mac }: TestService) {
      await tenant.eventually(
        () => explain(username, password),
        (answer) => answer.decision !== 'REJECT',
      );
      const login = await nas.login(username, password, { mac });
      const { session } = login;
      if (session === null) throw new Error(`The login was ${login.reason}`);
      // Its Start is answered once it is on disk, which may be before it is in the sessions.
      await tenant.eventually(
        async () => known.liveSessionsOf(serviceId),
        (live) => live.some(({ nativeId }) => nativeId === session.id),
      );
      return { login, session };
    },
    lock: ({ serviceId, customerId }: TestService, locks: LockReason[]) =>
      append({
        ...about(serviceId),
        type: 'service.locks.changed',
        payload: { serviceId, customerId, locks, because: 'invoice 7 is overdue' },
      }),
  };
}
