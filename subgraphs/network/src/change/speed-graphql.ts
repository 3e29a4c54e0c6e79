import {
  ConflictError,
  NotFoundError,
  type ShapingPayload,
  StalePlanError,
  ValidationError,
} from '@dotmac/schema';
import { checkOpen } from '../access/edit.ts';
import { speedOf } from '../access/rules.ts';
import { lockedAccess, updateAccess } from '../access/store.ts';
import { builder } from '../builder.ts';
import { ChangeModeEnum } from '../types.ts';
import { fingerprintOf, planAccess } from './apply.ts';
import { requestChange } from './events.ts';
import { ApplyAccessResultRef, withoutDeviceErrors } from './graphql.ts';

const SetAccessSpeedInput = builder.inputType('SetAccessSpeedInput', {
  fields: (t) => ({
    serviceId: t.id({ required: true }),
    mode: t.field({ type: ChangeModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan; needed to APPLY.' }),
    downstream: t.field({ type: 'BitsPerSecond', description: 'Both, or none to go back to the plan.' }),
    upstream: t.field({ type: 'BitsPerSecond' }),
    until: t.field({ type: 'DateTime', description: 'Until it is taken back when left out.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('setAccessSpeed', (t) =>
  t.field({
    type: ApplyAccessResultRef,
    description:
      'Speeds that hold instead of the plan: the live session gets them by CoA, without a drop where its NAS can.',
    authScopes: { scope: 'network:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError, StalePlanError] },
    args: { input: t.arg({ type: SetAccessSpeedInput, required: true }) },
    resolve: async (_root, { input }, { services, loaders, enforcement, principal }) => {
      const { serviceId } = input;
      const override = wantedSpeed(input.downstream ?? null, input.upstream ?? null);
      const overrideUntil = override === null ? null : (input.until ?? null);
      const now = services.clock.now();
      if (overrideUntil !== null && overrideUntil.getTime() <= now)
        throw new ValidationError('input.until', 'That is over already');
      const access = checkOpen(await loaders.access.load(serviceId), serviceId);
      const shaping = speedOf({ ...access, override });
      const planned = await withoutDeviceErrors(() =>
        planAccess(enforcement, { ...access, override, shaping }, `speed:${serviceId}`),
      );
      // Devices and words know neither how long it holds nor speeds finer than theirs.
      const given = JSON.stringify([override, overrideUntil]);
      const plan = { ...planned, fingerprint: fingerprintOf(serviceId, given, [planned.fingerprint]) };
      if (input.mode === 'PLAN') return { plan, change: null };
      if (input.fingerprint !== plan.fingerprint) throw new StalePlanError();
      const change = await services.database.transaction().execute(async (transaction) => {
        const locked = await lockedAccess(transaction, serviceId);
        if (locked === null) throw new NotFoundError('Service', serviceId);
        await updateAccess(transaction, serviceId, { override, overrideUntil });
        const wanted = { ...locked, override, shaping: speedOf({ ...locked, override }) };
        const what = override === null ? 'the plan’s speed again' : 'another speed';
        return requestChange(transaction, services, wanted, {
          because: `${what}, asked for by ${principal.name}`,
          actor: principal.id,
        });
      });
      return { plan, change };
    },
  }),
);

/** @throws ValidationError unless both speeds are given or none. */
function wantedSpeed(downstream: bigint | null, upstream: bigint | null): ShapingPayload | null {
  if (downstream === null && upstream === null) return null;
  if (downstream === null || upstream === null)
    throw new ValidationError('input.upstream', 'Give both directions, or none to go back to the plan');
  for (const [field, speed] of [
    ['input.downstream', downstream],
    ['input.upstream', upstream],
  ] as const)
    if (speed < 1_000n || speed > 1_000_000_000_000n)
      throw new ValidationError(field, 'A speed lies between 1000 and 1000000000000 bit/s');
  return { downstream: { bitsPerSecond: String(downstream) }, upstream: { bitsPerSecond: String(upstream) } };
}
