import { appendEvents } from '@dotmac/platform';
import type { RadSecConnection } from '@dotmac/radius';
import { requireFingerprint, StalePlanError, type TenantEvents, ValidationError } from '@dotmac/schema';
import { builder } from '../builder.ts';
import { CertificateRef, shownChain } from '../certificate/type.ts';
import { fingerprintOf } from '../change/apply.ts';
import { ChangeModeEnum, NasRef } from '../types.ts';
import { checkRadSec, trustChanged } from './rules.ts';
import { keepRadSec, radSecKeyPurpose, type StoredRadSec, storedRadSec } from './store.ts';

const ConnectionRef = builder.objectRef<RadSecConnection>('RadSecConnection').implement({
  description: 'A NAS, or a proxy, that is connected by RADIUS over TLS.',
  fields: (t) => ({
    nas: t.field({
      type: NasRef,
      nullable: true,
      resolve: ({ nas }, _args, { loaders }) => loaders.nas.load(nas.id),
    }),
    address: t.expose('address', { type: 'IPAddress', description: 'Where it comes from.' }),
    since: t.field({ type: 'DateTime', resolve: ({ since }) => new Date(since) }),
    lastPacketAt: t.field({
      type: 'DateTime',
      description: 'The beginning of the connection before its first packet.',
      resolve: ({ heardAt }) => new Date(heardAt),
    }),
    protocol: t.exposeString('protocol', { description: 'TLSv1.3 or TLSv1.2.' }),
    certificateNames: t.stringList({ resolve: ({ certificate }) => [...certificate.names] }),
    certificateFingerprint: t.string({
      description: 'SHA-256.',
      resolve: ({ certificate }) => certificate.fingerprint,
    }),
    certificateValidTo: t.field({
      type: 'DateTime',
      resolve: ({ certificate }) => new Date(certificate.validTo),
    }),
  }),
});

builder.objectField(NasRef, 'radSecConnections', (t) =>
  t.field({
    type: [ConnectionRef],
    description: 'By which it is connected over TLS now.',
    resolve: ({ id }, _args, { radSec }) => radSec.connections.filter(({ nas }) => nas.id === id),
  }),
);

const RadSecRef = builder.objectRef<StoredRadSec>('RadSec').implement({
  description: 'How RADIUS over TLS (RFC 6614) is taken. The private key is never shown.',
  fields: (t) => ({
    enabled: t.exposeBoolean('enabled'),
    listening: t.boolean({ resolve: (_stored, _args, { radSec }) => radSec.listening }),
    failure: t.string({
      nullable: true,
      description: 'Why it does not listen although it should; it is tried again.',
      resolve: (_stored, _args, { radSec }) => radSec.failure,
    }),
    certificates: t.field({
      type: [CertificateRef],
      description: "The server's own first, then its chain.",
      resolve: ({ certificate }) => shownChain(certificate),
    }),
    authorities: t.field({
      type: [CertificateRef],
      description: 'Who signs the certificates of NASes.',
      resolve: ({ authorities }) => shownChain(authorities),
    }),
    revokes: t.boolean({
      description: 'Whether lists of revoked certificates are looked at.',
      resolve: ({ revocations }) => revocations !== null,
    }),
    connections: t.field({
      type: [ConnectionRef],
      resolve: (_stored, _args, { radSec }) => [...radSec.connections],
    }),
  }),
});

builder.queryField('radSec', (t) =>
  t.field({
    type: RadSecRef,
    nullable: true,
    description: 'Null while RADIUS is taken over UDP only.',
    authScopes: { scope: 'network:read' },
    resolve: (_root, _args, { services }) => storedRadSec(services.database),
  }),
);

interface SetRadSecResult {
  readonly radSec: StoredRadSec;
  readonly fingerprint: string;
  readonly connectionsEnded: number;
}

const SetRadSecResultRef = builder.objectRef<SetRadSecResult>('SetRadSecResult').implement({
  fields: (t) => ({
    radSec: t.expose('radSec', { type: RadSecRef, description: 'As it would be, or is now.' }),
    fingerprint: t.exposeString('fingerprint'),
    connectionsEnded: t.exposeInt('connectionsEnded', {
      description: 'Of those there are, how many have to come again: all when other authorities are trusted.',
    }),
  }),
});

const SetRadSecInput = builder.inputType('SetRadSecInput', {
  fields: (t) => ({
    mode: t.field({ type: ChangeModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan; needed to APPLY.' }),
    enabled: t.boolean({ defaultValue: true, description: 'False closes the door and keeps the rest.' }),
    certificate: t.string({ description: 'PEM, with its chain. Left out: the one there is stays.' }),
    privateKey: t.string({ description: 'PEM, of a new certificate.' }),
    authorities: t.string({
      description: 'PEM: who signs the certificates of NASes. Left out: those there are stay.',
    }),
    revocations: t.string({
      description:
        'PEM: certificate revocation lists, one of every authority and none outdated. Left out: those there are stay; empty: none is looked at.',
    }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('setRadSec', (t) =>
  t.field({
    type: SetRadSecResultRef,
    description:
      'Takes RADIUS over TLS: with which certificate, and from NASes whose certificates are signed by whom. `registerNas` and `updateNas` say whose certificate is which.',
    authScopes: { scope: 'network:write' },
    errors: { types: [ValidationError, StalePlanError] },
    args: { input: t.arg({ type: SetRadSecInput, required: true }) },
    resolve: async (_root, { input }, { services, radSec, principal, traceId }) => {
      const { database, clock, secrets } = services;
      const result = await database.transaction().execute(async (transaction): Promise<SetRadSecResult> => {
        const before = await storedRadSec(transaction);
        const { privateKey = null } = input;
        const certificate = required('certificate', input.certificate ?? before?.certificate);
        const wanted = {
          enabled: input.enabled ?? true,
          certificate,
          privateKey,
          authorities: required('authorities', input.authorities ?? before?.authorities),
          revocations: (input.revocations ?? before?.revocations ?? '') || null,
        };
        checkRadSec(wanted, certificate === before?.certificate, clock.now());
        const sealed =
          privateKey === null
            ? (before?.privateKey ?? new Uint8Array())
            : Buffer.from(secrets.seal(privateKey, radSecKeyPurpose));
        const after: StoredRadSec = { ...wanted, privateKey: sealed };
        const shownOf = (one: StoredRadSec | null) =>
          one === null ? null : [one.enabled, one.certificate, one.authorities, one.revocations];
        const fingerprint = fingerprintOf('radsec', JSON.stringify([shownOf(before), shownOf(after)]), []);
        const ends = before !== null && trustChanged(before, after);
        const plan = { radSec: after, fingerprint, connectionsEnded: ends ? radSec.connections.length : 0 };
        if (input.mode === 'PLAN') return plan;
        if (requireFingerprint(input.fingerprint) !== fingerprint) throw new StalePlanError();
        await keepRadSec(transaction, after, new Date(clock.now()));
        await appendEvents<TenantEvents>(transaction, [
          {
            type: 'radsec.updated',
            subject: 'radsec',
            payload: { enabled: after.enabled },
            occurredAt: clock.now(),
            actor: principal.id,
            traceId,
          },
        ]);
        return plan;
      });
      if (input.mode === 'APPLY') await radSec.load();
      return result;
    },
  }),
);

/** @throws ValidationError for what must be said the first time. */
function required(field: string, value: string | undefined): string {
  if (value === undefined) throw new ValidationError(`input.${field}`, 'It is needed: there is none yet');
  return value;
}
