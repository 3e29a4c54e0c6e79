import { builder } from '../builder.ts';
import { NasRef } from '../types.ts';
import { heardOf, rotationRuns, type SecretsHeard, secretInUse } from './rotation.ts';
import type { Nas } from './store.ts';

const timeOf = (at: number | null) => (at === null ? null : new Date(at));

const NasSecretEnum = builder.enumType('NasSecret', {
  description: 'Of a NAS with two. CoA and Disconnect are signed with the one it was last heard with.',
  values: ['CURRENT', 'PREVIOUS'] as const,
});

const RotationRef = builder
  .objectRef<{ readonly nas: Nas; readonly heard: SecretsHeard }>('NasSecretRotation')
  .implement({
    description: 'Two secrets are accepted: the current one, and the one before until its end.',
    fields: (t) => ({
      since: t.field({ type: 'DateTime', nullable: true, resolve: ({ nas }) => nas.secretSince }),
      endsAt: t.field({
        type: 'DateTime',
        nullable: true,
        description: 'Null: it stays accepted until `endNasSecretRotation`.',
        resolve: ({ nas }) => nas.previousSecretUntil,
      }),
      secretInUse: t.field({
        type: NasSecretEnum,
        nullable: true,
        description:
          'With which one it was last heard; null: none of its requests has proved one since. CHAP without Message-Authenticator proves none.',
        resolve: ({ heard }) => secretInUse(heard),
      }),
      currentHeardAt: t.field({
        type: 'DateTime',
        nullable: true,
        resolve: ({ heard }) => timeOf(heard.currentAt),
      }),
      previousHeardAt: t.field({
        type: 'DateTime',
        nullable: true,
        resolve: ({ heard }) => timeOf(heard.previousAt),
      }),
    }),
  });

builder.objectFields(NasRef, (t) => ({
  secretRotating: t.boolean({
    description: 'The secret before the current one is still accepted.',
    resolve: (nas, _args, { watch }) => rotationRuns(nas, watch.sessionClock.now()),
  }),
  secretRotation: t.field({
    type: RotationRef,
    nullable: true,
    description: 'Null while one secret is accepted.',
    resolve: (nas, _args, { watch, nasWatch }) =>
      rotationRuns(nas, watch.sessionClock.now())
        ? { nas, heard: heardOf(nas, nasWatch.health(nas.id).secrets) }
        : null,
  }),
}));
