import { ConflictError, NotFoundError, StalePlanError, ValidationError } from '@dotmac/schema';
import { openAccess, tellAccessUpdated } from '../access/edit.ts';
import { desiredMode } from '../access/rules.ts';
import { type Access, accessesByService, updateAccess } from '../access/store.ts';
import { builder } from '../builder.ts';
import { fingerprintOf } from '../change/apply.ts';
import { requestChange } from '../change/events.ts';
import type { AccessChange } from '../change/store.ts';
import { garden } from '../garden/store.ts';
import { liveSessionsOfService, type Session } from '../session/store.ts';
import { AccessChangeRef, AccessModeEnum, AccessRef, ChangeModeEnum, SessionRef } from '../types.ts';
import { checkTerms, describeTerms, type LoginTerms, noTerms, type Standing } from './rules.ts';

interface Standed {
  readonly terms: LoginTerms;
  readonly standing: Standing;
}

const octetsOf = (text: string | null) => (text === null ? null : BigInt(text));

const LoginTermsRef = builder.objectRef<Standed>('LoginTerms').implement({
  description:
    'What limits a service in time and volume; null limits nothing. Days and months are the tenant’s.',
  fields: (t) => ({
    validUntil: t.field({
      type: 'DateTime',
      nullable: true,
      resolve: ({ terms: { validUntil } }) => (validUntil === null ? null : new Date(validUntil)),
    }),
    sessionSeconds: t.int({ nullable: true, resolve: ({ terms }) => terms.sessionSeconds }),
    daySeconds: t.int({ nullable: true, resolve: ({ terms }) => terms.daySeconds }),
    monthSeconds: t.int({ nullable: true, resolve: ({ terms }) => terms.monthSeconds }),
    dayOctets: t.field({ type: 'BigInt', nullable: true, resolve: ({ terms }) => octetsOf(terms.dayOctets) }),
    monthOctets: t.field({
      type: 'BigInt',
      nullable: true,
      resolve: ({ terms }) => octetsOf(terms.monthOctets),
    }),
    totalOctets: t.field({
      type: 'BigInt',
      nullable: true,
      resolve: ({ terms }) => octetsOf(terms.totalOctets),
    }),
    hoursFrom: t.string({ nullable: true, resolve: ({ terms }) => terms.hours?.from ?? null }),
    hoursTo: t.string({ nullable: true, resolve: ({ terms }) => terms.hours?.to ?? null }),
    endedBecause: t.string({
      nullable: true,
      description: 'The stable reason why it may not be online now; null while it may.',
      resolve: ({ standing }) => standing.reason,
    }),
    changesAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When that changes by itself, as far as it is foreseen.',
      resolve: ({ standing: { until } }) =>
        until === null || !Number.isFinite(until) ? null : new Date(until),
    }),
  }),
});

builder.objectField(AccessRef, 'loginTerms', (t) =>
  t.field({
    type: LoginTermsRef,
    nullable: true,
    description: 'Null when nothing limits it.',
    resolve: ({ serviceId, terms, termsEnded }, _args, { policy }) =>
      terms === null ? null : { terms, standing: policy.terms.standing({ serviceId, terms, termsEnded }) },
  }),
);

interface TermsResult {
  readonly access: Access;
  readonly told: string;
  readonly mode: Access['mode'];
  readonly live: readonly Session[];
  readonly fingerprint: string;
  readonly change: AccessChange | null;
}

const SetLoginTermsResultRef = builder.objectRef<TermsResult>('SetLoginTermsResult').implement({
  fields: (t) => ({
    access: t.expose('access', { type: AccessRef }),
    terms: t.exposeString('told', { description: 'As they would be, or are now.' }),
    mode: t.expose('mode', { type: AccessModeEnum, description: 'The way of access that follows.' }),
    live: t.field({
      type: [SessionRef],
      description: 'Live sessions: a mode that changes is brought to them, by CoA where the NAS can.',
      resolve: ({ live }) => [...live],
    }),
    fingerprint: t.exposeString('fingerprint'),
    change: t.expose('change', {
      type: AccessChangeRef,
      nullable: true,
      description: 'Null for PLAN, and when the way of access stays.',
    }),
  }),
});

const SetLoginTermsInput = builder.inputType('SetLoginTermsInput', {
  description: 'All terms that shall hold: what is left out limits nothing.',
  fields: (t) => ({
    serviceId: t.id({ required: true }),
    mode: t.field({ type: ChangeModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan; needed to APPLY.' }),
    validUntil: t.field({ type: 'DateTime', description: 'The first instant without it.' }),
    sessionSeconds: t.int({ description: 'Online time of one session.' }),
    daySeconds: t.int({ description: 'Online time of a local day.' }),
    monthSeconds: t.int({ description: 'Online time of a calendar month.' }),
    dayOctets: t.field({ type: 'BigInt', description: 'Both directions.' }),
    monthOctets: t.field({ type: 'BigInt', description: 'Both directions.' }),
    totalOctets: t.field({ type: 'BigInt', description: 'Both directions, in all.' }),
    hoursFrom: t.string({ description: 'Local, such as 22:00; with hoursTo.' }),
    hoursTo: t.string({ description: 'Local; before hoursFrom it is that of the next day.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('setLoginTerms', (t) =>
  t.field({
    type: SetLoginTermsResultRef,
    description:
      'Validity, quotas of time and volume, and hours. The login carries the nearest end as Session-Timeout; what has ended is brought to the live session.',
    authScopes: { scope: 'network:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError, StalePlanError] },
    args: { input: t.arg({ type: SetLoginTermsInput, required: true }) },
    resolve: async (_root, { input }, { services, policy, principal, traceId }) => {
      const { serviceId } = input;
      if ((input.hoursFrom == null) !== (input.hoursTo == null))
        throw new ValidationError('input.hoursTo', 'Hours have both a beginning and an end');
      const wanted = checkTerms({
        ...noTerms,
        validUntil: input.validUntil?.toISOString() ?? null,
        sessionSeconds: input.sessionSeconds ?? null,
        daySeconds: input.daySeconds ?? null,
        monthSeconds: input.monthSeconds ?? null,
        dayOctets: input.dayOctets?.toString() ?? null,
        monthOctets: input.monthOctets?.toString() ?? null,
        totalOctets: input.totalOctets?.toString() ?? null,
        hours:
          input.hoursFrom == null || input.hoursTo == null
            ? null
            : { from: input.hoursFrom, to: input.hoursTo },
      });
      if (input.mode === 'APPLY' && input.fingerprint == null) throw new StalePlanError();
      await policy.terms.read([serviceId]);
      const result = await services.database.transaction().execute(async (transaction) => {
        const access = await openAccess(transaction, serviceId);
        // A voucher stays one, whatever somebody gives it.
        const terms = wanted === null ? null : { ...wanted, voucher: access.terms?.voucher ?? false };
        const termsEnded =
          terms === null ? null : policy.terms.standing({ serviceId, terms, termsEnded: null }).reason;
        const { locks, capBlocked } = access;
        const mode = desiredMode(locks, {
          capBlocked,
          ended: termsEnded,
          garden: await garden(transaction),
        });
        const live = await liveSessionsOfService(transaction, serviceId);
        const told = describeTerms(terms);
        const sessions = live.map(({ id }) => id);
        const fingerprint = fingerprintOf(serviceId, JSON.stringify([access.terms, terms, mode]), sessions);
        const plan = { access, told, mode, live, fingerprint, change: null };
        if (input.mode === 'PLAN') return plan;
        if (input.fingerprint !== fingerprint) throw new StalePlanError();
        await updateAccess(transaction, serviceId, { terms, termsEnded, mode });
        await tellAccessUpdated(transaction, [serviceId], {
          occurredAt: services.clock.now(),
          actor: principal.id,
          traceId,
        });
        const why = { because: `terms set by ${principal.name}: ${told}`, actor: principal.id };
        const change =
          mode === access.mode || access.readyAt === null
            ? null
            : await requestChange(transaction, services, { ...access, terms, termsEnded, mode }, why);
        const [after = access] = await accessesByService(transaction, [serviceId]);
        return { ...plan, access: after, change };
      });
      if (input.mode === 'APPLY') await policy.refresh([serviceId]);
      return result;
    },
  }),
);
