import { randomBytes } from 'node:crypto';
import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents, type EventConsumer } from '@dotmac/platform';
import type { EventOf, TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { assignAddress, releaseAddress } from '../address/store.ts';
import type { NetworkServices } from '../builder.ts';
import { requestChange } from '../change/events.ts';
import { garden } from '../garden/store.ts';
import { onlyAccessDevice } from '../nas/store.ts';
import { desiredMode, passwordFrom, sameShaping, speedOf, usernameCandidates } from './rules.ts';
import {
  type Access,
  insertAccess,
  lockedAccess,
  openServicesOfPlan,
  passwordPurpose,
  planShaping,
  updateAccess,
  upsertPlan,
} from './store.ts';

type Event<T extends keyof TenantEvents & string> = Extract<EventOf<TenantEvents>, { type: T }>;

/** Access follows its service. One consumer for all of it, so that order and lock are seen in their order. */
export function followServices(services: NetworkServices): EventConsumer<TenantDatabase, TenantEvents> {
  return {
    name: 'network.follow-services',
    types: [
      'plan.published',
      'service.ordered',
      'service.plan.changed',
      'service.locks.changed',
      'service.cancelled',
      'usage.allowance.changed',
    ],
    async handle(event, transaction) {
      switch (event.type) {
        case 'plan.published':
          return learnPlan(services, transaction, event);
        case 'service.ordered':
          return prepareAccess(services, transaction, event);
        case 'service.plan.changed':
          return changePlan(services, transaction, event);
        case 'service.locks.changed':
          return changeLocks(services, transaction, event);
        case 'service.cancelled':
          return closeAccess(services, transaction, event);
        case 'usage.allowance.changed':
          return changeAllowance(services, transaction, event);
      }
    },
  };
}

/** A new version serves new orders: who has the plan keeps his speed. A plan heard of late serves those who wait for it. */
async function learnPlan(
  services: NetworkServices,
  transaction: Transaction<TenantDatabase>,
  { payload, actor }: Event<'plan.published'>,
): Promise<void> {
  const { planId, versionId, name, shaping } = payload;
  const isNew = await upsertPlan(transaction, { id: planId, versionId, name, shaping });
  if (!isNew) return;
  for (const serviceId of await openServicesOfPlan(transaction, planId)) {
    const access = await lockedAccess(transaction, serviceId);
    if (access === null || sameShaping(access.planShaping, shaping)) continue;
    await updateAccess(transaction, serviceId, { shaping });
    if (access.readyAt === null) await makeReady(services, transaction, access, actor);
    else {
      const because = `the plan ${name} is published`;
      await changeSpeedTo(services, transaction, access, { planShaping: shaping }, { because, actor });
    }
  }
}

async function prepareAccess(
  services: NetworkServices,
  transaction: Transaction<TenantDatabase>,
  { payload, actor }: Event<'service.ordered'>,
): Promise<void> {
  const { serviceId, customerId, planId } = payload;
  const { clock, secrets, logger } = services;
  if ((await lockedAccess(transaction, serviceId)) !== null) return;
  const createdAt = new Date(clock.now());
  const password = secrets.seal(passwordFrom(randomBytes(64)), passwordPurpose(serviceId));
  const deviceId = await onlyAccessDevice(transaction);
  const shaping = await planShaping(transaction, planId);
  const about = { serviceId, customerId, planId, password, deviceId, shaping, createdAt };
  for (const username of usernameCandidates(payload.username, serviceId)) {
    if (await insertAccess(transaction, { ...about, username })) break;
  }
  const address = await assignAddress(transaction, serviceId, createdAt);
  if (address === null) logger.warn({ serviceId }, 'no pool has a free address; the NAS gives one');
  const access = await lockedAccess(transaction, serviceId);
  if (access === null) throw new Error(`No login name is free for service ${serviceId}`);
  if (shaping !== null) await makeReady(services, transaction, access, actor);
}

async function makeReady(
  { clock }: NetworkServices,
  transaction: Transaction<TenantDatabase>,
  { serviceId, username, address, deviceId }: Access,
  actor: string,
): Promise<void> {
  const now = clock.now();
  await updateAccess(transaction, serviceId, { readyAt: new Date(now) });
  await appendEvents<TenantEvents>(transaction, [
    {
      type: 'access.ready',
      subject: serviceId,
      payload: { serviceId, username, address, deviceId },
      occurredAt: now,
      actor,
    },
  ]);
}

async function changePlan(
  services: NetworkServices,
  transaction: Transaction<TenantDatabase>,
  { payload, actor }: Event<'service.plan.changed'>,
): Promise<void> {
  const { serviceId, planId } = payload;
  const access = await lockedAccess(transaction, serviceId);
  if (access === null || access.closedAt !== null) return;
  // A plan not heard of yet leaves the speed as it is until it is published.
  const shaping = (await planShaping(transaction, planId)) ?? access.planShaping;
  await updateAccess(transaction, serviceId, { planId, ...(shaping === null ? {} : { shaping }) });
  if (shaping === null) return;
  if (access.readyAt === null) return makeReady(services, transaction, access, actor);
  const because = 'the plan changed';
  await changeSpeedTo(services, transaction, access, { planShaping: shaping }, { because, actor });
}

/** What a data cap asks: kept, so that the next login gets the same, and brought to the live session. */
async function changeAllowance(
  services: NetworkServices,
  transaction: Transaction<TenantDatabase>,
  { payload, actor }: Event<'usage.allowance.changed'>,
): Promise<void> {
  const { serviceId, state, because } = payload;
  const access = await lockedAccess(transaction, serviceId);
  if (access === null || access.closedAt !== null) return;
  const throttle = state === 'THROTTLED' ? payload.shaping : null;
  const capBlocked = state === 'BLOCKED';
  const mode = desiredMode(access.locks, { capBlocked, ...(await beside(transaction, access)) });
  await updateAccess(transaction, serviceId, { throttle, capBlocked, mode });
  await changeSpeedTo(
    services,
    transaction,
    { ...access, mode },
    { throttle },
    { because, actor },
    access.mode,
  );
}

/** What decides over the way of access beside locks and data cap. */
async function beside(transaction: Transaction<TenantDatabase>, { termsEnded }: Access) {
  return { ended: termsEnded, garden: await garden(transaction) };
}

/** Asks for a change when what holds is another than before. */
async function changeSpeedTo(
  services: NetworkServices,
  transaction: Transaction<TenantDatabase>,
  access: Access,
  speeds: Partial<Pick<Access, 'planShaping' | 'throttle' | 'slowed'>>,
  why: { readonly because: string; readonly actor: string },
  modeBefore = access.mode,
): Promise<void> {
  const shaping = speedOf({ ...access, ...speeds });
  if (sameShaping(access.shaping, shaping) && access.mode === modeBefore) return;
  await requestChange(transaction, services, { ...access, ...speeds, shaping }, why);
}

async function changeLocks(
  services: NetworkServices,
  transaction: Transaction<TenantDatabase>,
  { payload, actor }: Event<'service.locks.changed'>,
): Promise<void> {
  const { serviceId, locks, because, slowed = null } = payload;
  const access = await lockedAccess(transaction, serviceId);
  if (access === null || access.closedAt !== null) return;
  const { capBlocked } = access;
  const mode = desiredMode(locks, { capBlocked, ...(await beside(transaction, access)) });
  await updateAccess(transaction, serviceId, { locks, slowed, mode });
  const locked = { ...access, locks, mode };
  await changeSpeedTo(services, transaction, locked, { slowed }, { because, actor }, access.mode);
}

async function closeAccess(
  services: NetworkServices,
  transaction: Transaction<TenantDatabase>,
  { payload, actor }: Event<'service.cancelled'>,
): Promise<void> {
  const { serviceId } = payload;
  const access = await lockedAccess(transaction, serviceId);
  if (access === null || access.closedAt !== null) return;
  const closedAt = new Date(services.clock.now());
  const mode = desiredMode([], { closed: true });
  const nothing = { poolId: null, staticIpv6Prefix: null, staticDelegatedPrefix: null };
  await updateAccess(transaction, serviceId, { mode, closedAt, ...nothing });
  await releaseAddress(transaction, serviceId, closedAt);
  const because = 'the service is cancelled';
  await requestChange(transaction, services, { ...access, mode, closedAt }, { because, actor });
}
