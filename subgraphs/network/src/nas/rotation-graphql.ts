import { appendEvents } from '@dotmac/platform';
import {
  ConflictError,
  NotFoundError,
  requireFingerprint,
  StalePlanError,
  type TenantEvents,
  ValidationError,
} from '@dotmac/schema';
import { builder } from '../builder.ts';
import { fingerprintOf } from '../change/apply.ts';
import { ChangeModeEnum, NasRef } from '../types.ts';
import { heardOf, rotationRuns, secretInUse } from './rotation.ts';
import { endRotation } from './rotation-end.ts';
import { lockedNas } from './rotation-store.ts';
import { checkOverlap, checkSecret, usualOverlapSeconds } from './rules.ts';
import { type Nas, secretPurpose, updateNas } from './store.ts';

const timeOf = (at: number | null) => (at === null ? null : new Date(at));

interface RotationResult {
  readonly nas: Nas;
  readonly fingerprint: string;
}

const RotateRef = builder
  .objectRef<RotationResult & { readonly endsAt: Date }>('RotateNasSecretResult')
  .implement({
    fields: (t) => ({
      nas: t.expose('nas', { type: NasRef, description: 'As it is: changed by APPLY only.' }),
      endsAt: t.expose('endsAt', {
        type: 'DateTime',
        description: 'Until then the secret before is accepted; a plan says it as of now.',
      }),
      fingerprint: t.exposeString('fingerprint'),
    }),
  });

const EndRef = builder
  .objectRef<RotationResult & { readonly stillInUse: boolean; readonly previousHeardAt: number | null }>(
    'EndNasSecretRotationResult',
  )
  .implement({
    fields: (t) => ({
      nas: t.expose('nas', { type: NasRef, description: 'As it is: changed by APPLY only.' }),
      stillInUse: t.exposeBoolean('stillInUse', {
        description:
          'It was not heard with the current secret after its last word with the one before: it would be cut off.',
      }),
      previousHeardAt: t.field({
        type: 'DateTime',
        nullable: true,
        resolve: ({ previousHeardAt }) => timeOf(previousHeardAt),
      }),
      fingerprint: t.exposeString('fingerprint'),
    }),
  });

const RotateInput = builder.inputType('RotateNasSecretInput', {
  fields: (t) => ({
    id: t.id({ required: true }),
    mode: t.field({ type: ChangeModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan; needed to APPLY.' }),
    secret: t.string({ required: true, description: '8 to 128 characters; it is never shown.' }),
    overlapSeconds: t.int({
      description: `For so long the secret of now stays accepted: 60 to 2592000, ${usualOverlapSeconds} when left out.`,
    }),
    clientMutationId: t.string(),
  }),
});

const EndInput = builder.inputType('EndNasSecretRotationInput', {
  fields: (t) => ({
    id: t.id({ required: true }),
    mode: t.field({ type: ChangeModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan; needed to APPLY.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationFields((t) => ({
  rotateNasSecret: t.field({
    type: RotateRef,
    description:
      'Gives a NAS a new secret beside the one it has: both are accepted until the old one ends, so that the router can be changed in between.',
    authScopes: { scope: 'network:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError, StalePlanError] },
    args: { input: t.arg({ type: RotateInput, required: true }) },
    resolve: async (_root, { input }, { services, watch, principal, traceId }) => {
      const { database, clock, secrets } = services;
      const secret = checkSecret('input.secret', input.secret);
      const overlap = checkOverlap(input.overlapSeconds ?? usualOverlapSeconds);
      const { id } = input;
      return database.transaction().execute(async (transaction) => {
        const nas = await lockedNas(transaction, id);
        if (nas === null) throw new NotFoundError('Nas', id);
        const now = watch.sessionClock.now();
        if (rotationRuns(nas, now))
          throw new ConflictError(
            'ROTATION_RUNS',
            'The secret before the current one is still accepted; end that first by endNasSecretRotation',
          );
        if (secrets.open(nas.secret, secretPurpose(id)) === secret)
          throw new ValidationError('input.secret', 'This is the secret it has');
        const endsAt = new Date(now + overlap * 1_000);
        const since = nas.secretSince?.toISOString() ?? '';
        const given = secrets.digest(secret, 'plan:nas-secret');
        const fingerprint = fingerprintOf(`nas-secret:${id}`, String(overlap), [since, given]);
        if (input.mode === 'PLAN') return { nas, endsAt, fingerprint };
        if (requireFingerprint(input.fingerprint) !== fingerprint) throw new StalePlanError();
        const after = await updateNas(transaction, id, {
          secret: secrets.seal(secret, secretPurpose(id)),
          secretSince: new Date(now),
          previousSecret: nas.secret,
          previousSecretUntil: endsAt,
        });
        await appendEvents<TenantEvents>(transaction, [
          {
            type: 'nas.secret.rotated',
            subject: id,
            payload: { nasId: id, name: nas.name, previousUntil: endsAt.toISOString() },
            occurredAt: clock.now(),
            actor: principal.id,
            traceId,
          },
        ]);
        return { nas: after ?? nas, endsAt, fingerprint };
      });
    },
  }),
  endNasSecretRotation: t.field({
    type: EndRef,
    description: 'From now on only the current secret is accepted. The plan says whether the NAS uses it.',
    authScopes: { scope: 'network:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError, StalePlanError] },
    args: { input: t.arg({ type: EndInput, required: true }) },
    resolve: async (_root, { input }, { services, watch, nasWatch, principal, traceId }) => {
      const { database, clock } = services;
      const { id } = input;
      return database.transaction().execute(async (transaction) => {
        const nas = await lockedNas(transaction, id);
        if (nas === null) throw new NotFoundError('Nas', id);
        if (!rotationRuns(nas, watch.sessionClock.now()))
          throw new ConflictError('NO_ROTATION', 'Only its current secret is accepted already');
        const heard = heardOf(nas, nasWatch.health(id).secrets);
        const stillInUse = secretInUse(heard) !== 'CURRENT';
        const since = nas.secretSince?.toISOString() ?? '';
        const fingerprint = fingerprintOf(`nas-secret-end:${id}`, String(stillInUse), [since]);
        const plan = { nas, stillInUse, previousHeardAt: heard.previousAt, fingerprint };
        if (input.mode === 'PLAN') return plan;
        if (requireFingerprint(input.fingerprint) !== fingerprint) throw new StalePlanError();
        const by = { occurredAt: clock.now(), actor: principal.id, traceId };
        return { ...plan, nas: await endRotation(transaction, nas, nasWatch, by) };
      });
    },
  }),
}));
