import { appendEvents } from '@dotmac/platform';
import { StalePlanError, type TenantEvents, ValidationError } from '@dotmac/schema';
import { builder } from '../builder.ts';
import { CertificateRef, shownChain } from '../certificate/type.ts';
import { fingerprintOf } from '../change/apply.ts';
import { ChangeModeEnum } from '../types.ts';
import { checkEap, eapMethods } from './rules.ts';
import { eapKeyPurpose, keepEap, type StoredEap, storedEap } from './store.ts';

const EapMethodEnum = builder.enumType('EapMethod', {
  description:
    'PEAP carries MS-CHAPv2, TTLS carries PAP or MS-CHAPv2; the clients of TLS show certificates of their own.',
  values: eapMethods,
});

const EapRef = builder.objectRef<StoredEap>('EapOffer').implement({
  description: 'What the RADIUS server offers to clients that speak EAP. The private key is never shown.',
  fields: (t) => ({
    methods: t.field({
      type: [EapMethodEnum],
      description: 'By preference: the first is offered, a client may ask for another.',
      resolve: ({ methods }) => [...methods],
    }),
    certificates: t.field({
      type: [CertificateRef],
      description: "The server's own first, then its chain.",
      resolve: ({ certificate }) => shownChain(certificate),
    }),
    clientAuthorities: t.field({
      type: [CertificateRef],
      resolve: ({ clientAuthorities }) => shownChain(clientAuthorities),
    }),
  }),
});

builder.queryField('eap', (t) =>
  t.field({
    type: EapRef,
    authScopes: { scope: 'network:read' },
    resolve: (_root, _args, { services }) => storedEap(services.database),
  }),
);

const SetEapResultRef = builder
  .objectRef<{ readonly eap: StoredEap; readonly fingerprint: string }>('SetEapResult')
  .implement({
    fields: (t) => ({
      eap: t.expose('eap', { type: EapRef, description: 'As it would be, or is now.' }),
      fingerprint: t.exposeString('fingerprint'),
    }),
  });

const SetEapInput = builder.inputType('SetEapInput', {
  fields: (t) => ({
    mode: t.field({ type: ChangeModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan; needed to APPLY.' }),
    methods: t.field({
      type: [EapMethodEnum],
      required: true,
      description: 'By preference; none refuses EAP.',
    }),
    certificate: t.string({ description: 'PEM, with its chain. Left out: the one there is stays.' }),
    privateKey: t.string({ description: 'PEM, of a new certificate.' }),
    clientAuthorities: t.string({
      description: 'PEM: who signs the certificates of TLS clients. Left out: those there are stay.',
    }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('setEap', (t) =>
  t.field({
    type: SetEapResultRef,
    description:
      'Which EAP methods the RADIUS server offers, and with which certificate. Holds for the next login.',
    authScopes: { scope: 'network:write' },
    errors: { types: [ValidationError, StalePlanError] },
    args: { input: t.arg({ type: SetEapInput, required: true }) },
    resolve: async (_root, { input }, { services, eap, principal, traceId }) => {
      const { database, clock, secrets } = services;
      const result = await database.transaction().execute(async (transaction) => {
        const before = await storedEap(transaction);
        const certificate = input.certificate ?? before.certificate;
        const wanted = {
          methods: input.methods,
          certificate,
          privateKey: input.privateKey ?? null,
          clientAuthorities: input.clientAuthorities ?? before.clientAuthorities,
        };
        checkEap(wanted, before.privateKey !== null && certificate === before.certificate, clock.now());
        const { privateKey } = wanted;
        const after: StoredEap = {
          ...wanted,
          privateKey:
            privateKey === null ? before.privateKey : Buffer.from(secrets.seal(privateKey, eapKeyPurpose)),
        };
        const shownOf = (one: StoredEap) => [one.methods, one.certificate, one.clientAuthorities];
        const fingerprint = fingerprintOf('eap', JSON.stringify([shownOf(before), shownOf(after)]), []);
        if (input.mode === 'PLAN') return { eap: after, fingerprint };
        if (input.fingerprint !== fingerprint) throw new StalePlanError();
        await keepEap(transaction, after, new Date(clock.now()));
        await appendEvents<TenantEvents>(transaction, [
          {
            type: 'eap.updated',
            subject: 'eap',
            payload: { methods: input.methods },
            occurredAt: clock.now(),
            actor: principal.id,
            traceId,
          },
        ]);
        return { eap: after, fingerprint };
      });
      if (input.mode === 'APPLY') await eap.load();
      return result;
    },
  }),
);
