import type { HiddenReason, RedactedAttribute } from '@dotmac/radius';
import {
  ConflictError,
  ForbiddenError,
  NotFoundError,
  type SnapshotPlaceValue,
  ValidationError,
} from '@dotmac/schema';
import { LoginExplanationRef } from '../aaa/graphql.ts';
import { accessesByService, accessesByUsername } from '../access/store.ts';
import { builder } from '../builder.ts';
import { NasRef, ServiceRef, serviceOf } from '../types.ts';
import {
  checkMinutes,
  mostEntries,
  numberOfCursor,
  type TracedCertificate,
  type TraceEntry,
  traceCursor,
} from './rules.ts';
import type { PacketTrace } from './traces.ts';

const HiddenReasonEnum = builder.enumType('PacketTraceHidden', {
  description:
    'Why a value is not shown. KEY: it is encrypted on the wire, or a key. INTEGRITY: a digest of the shared secret. LOGIN_CODE: the code of a voucher. UNKNOWN_ATTRIBUTE: no dictionary says what it is.',
  values: [
    'PASSWORD',
    'KEY',
    'CHALLENGE_RESPONSE',
    'EAP_CONTENT',
    'INTEGRITY',
    'LOGIN_CODE',
    'UNKNOWN_ATTRIBUTE',
  ] as const satisfies readonly HiddenReason[],
});

const TracedAttributeRef = builder.objectRef<RedactedAttribute>('TracedAttribute').implement({
  fields: (t) => ({
    name: t.exposeString('name', {
      description: 'By the dictionary, with its tag: `ERX-Service-Activate:1`.',
    }),
    oid: t.exposeString('oid', { description: 'Numbers from the outside in: `26.14988.8`.' }),
    value: t.exposeString('value', {
      nullable: true,
      description: 'What may be seen of it: octets as hexadecimal, numbers with their name.',
    }),
    octets: t.exposeInt('octets', { description: 'Size of the value.' }),
    hidden: t.expose('hidden', { type: HiddenReasonEnum, nullable: true }),
  }),
});

const TracedCertificateRef = builder.objectRef<TracedCertificate>('TracedCertificate').implement({
  fields: (t) => ({
    names: t.stringList({
      description: 'DNS names of its SAN, the common name of one that has none.',
      resolve: ({ names }) => [...names],
    }),
    issuer: t.exposeString('issuer', { description: 'Common name of who signed it.' }),
    fingerprint: t.exposeString('fingerprint', { description: 'SHA-256.' }),
  }),
});

/** An entry where the graph shows it. */
interface ShownEntry extends TraceEntry {
  readonly traceId: string;
  readonly snapshot: SnapshotPlaceValue | null;
}

const EntryRef = builder.objectRef<ShownEntry>('PacketTraceEntry').implement({
  description: 'A packet, or what was decided on it.',
  fields: (t) => ({
    id: t.id({ resolve: ({ traceId, number }) => `${traceId}:${number}` }),
    cursor: t.field({ type: 'Cursor', resolve: ({ traceId, number }) => traceCursor(traceId, number) }),
    snapshot: t.expose('snapshot', {
      type: 'SnapshotPlace',
      nullable: true,
      description: 'Set on what was there when the stream began with `initial`; null for what happens.',
    }),
    number: t.exposeInt('number', { description: 'From 1 on; a gap is what fell out of memory.' }),
    at: t.field({ type: 'DateTime', resolve: ({ at }) => new Date(at) }),
    direction: t.field({
      type: builder.enumType('PacketDirection', {
        description: 'As we see it.',
        values: ['RECEIVED', 'SENT'] as const,
      }),
      nullable: true,
      description: 'Null for a decision.',
      resolve: ({ direction }) => direction,
    }),
    nas: t.field({
      type: NasRef,
      nullable: true,
      resolve: ({ nasId }, _args, { loaders }) => loaders.nas.load(nasId),
    }),
    peer: t.field({
      type: builder.enumType('PacketPeer', {
        description:
          'Who is at the other end. HOME_SERVER: it answers for the realm, and is asked on behalf of `nas`.',
        values: ['NAS', 'HOME_SERVER'] as const,
      }),
      nullable: true,
      description: 'Null for a decision.',
      resolve: ({ peer }) => peer,
    }),
    repeated: t.exposeBoolean('repeated', {
      description:
        'A request that came again, or its reply sent once more from memory (RFC 5080 §2.2.2). While the first is in progress there is no reply.',
    }),
    peerAddress: t.expose('peerAddress', { type: 'IPAddress', nullable: true }),
    certificate: t.field({
      type: TracedCertificateRef,
      nullable: true,
      description: 'With which the NAS came over TLS; null over UDP.',
      resolve: ({ certificate }) => certificate,
    }),
    code: t.string({ nullable: true, resolve: ({ packet }) => packet?.code ?? null }),
    identifier: t.int({ nullable: true, resolve: ({ packet }) => packet?.identifier ?? null }),
    length: t.int({
      nullable: true,
      description: 'Octets.',
      resolve: ({ packet }) => packet?.length ?? null,
    }),
    attributes: t.field({
      type: [TracedAttributeRef],
      description:
        'In the order of the packet. Authenticators are left out: they are digests of the shared secret.',
      resolve: ({ packet }) => [...(packet?.attributes ?? [])],
    }),
    decision: t.field({
      type: LoginExplanationRef,
      nullable: true,
      description: 'What the policy decided on the request before it.',
      resolve: ({ decision }) => decision,
    }),
  }),
});

const timeOf = (at: number | null) => (at === null ? null : new Date(at));

const PacketTraceRef = builder.objectRef<PacketTrace>('PacketTrace').implement({
  description: "One subscriber's RADIUS packets, redacted, for a limited time. Kept in memory only.",
  fields: (t) => ({
    id: t.exposeID('id'),
    serviceId: t.exposeID('serviceId'),
    service: t.field({ type: ServiceRef, nullable: true, resolve: ({ serviceId }) => serviceOf(serviceId) }),
    reason: t.exposeString('reason'),
    startedBy: t.exposeID('startedBy'),
    startedAt: t.field({ type: 'DateTime', resolve: ({ startedAt }) => new Date(startedAt) }),
    until: t.field({
      type: 'DateTime',
      description: 'When it ends by itself.',
      resolve: ({ until }) => new Date(until),
    }),
    endedAt: t.field({ type: 'DateTime', nullable: true, resolve: ({ endedAt }) => timeOf(endedAt) }),
    entryCount: t.int({ description: 'Seen so far, kept or not.', resolve: ({ entries }) => entries.last }),
    entries: t.field({
      type: [EntryRef],
      description: `Oldest first; the newest ${mostEntries} are kept.`,
      args: { after: t.arg.int({ description: 'Only those after this number.' }) },
      resolve: ({ id, entries }, { after }) =>
        entries.after(after ?? 0).map((entry) => ({ ...entry, traceId: id, snapshot: null })),
    }),
  }),
});

builder.queryField('packetTraces', (t) =>
  t.field({
    type: [PacketTraceRef],
    description: 'Those that run, and those that ended lately; newest first.',
    authScopes: { scope: 'network:sessions:read' },
    args: { serviceId: t.arg.id() },
    resolve: (_root, { serviceId }, { policy }) =>
      policy.traces.all.filter((trace) => serviceId == null || trace.serviceId === serviceId),
  }),
);

const StartPacketTraceInput = builder.inputType('StartPacketTraceInput', {
  description: 'Whose: by service or by login name.',
  fields: (t) => ({
    serviceId: t.id(),
    username: t.string(),
    minutes: t.int({ required: true, description: '1 to 60.' }),
    reason: t.string({
      required: true,
      description: 'Why it is needed; on record with the name of who asked.',
    }),
    clientMutationId: t.string(),
  }),
});

const StopPacketTraceInput = builder.inputType('StopPacketTraceInput', {
  fields: (t) => ({ id: t.id({ required: true }), clientMutationId: t.string() }),
});

builder.mutationFields((t) => ({
  startPacketTrace: t.field({
    type: PacketTraceRef,
    description:
      'Shows what passes between the NASes and us about one subscriber: logins, accounting, CoA and Disconnect, with the steps of each decision. Where he is traced already, the trace goes on until the new end.',
    authScopes: { scope: 'network:sessions:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: StartPacketTraceInput, required: true }) },
    resolve: async (_root, { input }, { services, policy, principal }) => {
      const { serviceId = null, username = null } = input;
      const minutes = checkMinutes(input.minutes);
      const reason = input.reason.trim();
      if (reason.length < 3) throw new ValidationError('input.reason', 'Say in a few words why it is needed');
      if ((serviceId === null) === (username === null))
        throw new ValidationError('input', 'Say either serviceId or username');
      const [access] =
        serviceId === null
          ? await accessesByUsername(services.database, [username ?? ''])
          : await accessesByService(services.database, [serviceId]);
      if (access === undefined) throw new NotFoundError('Service', serviceId ?? username ?? '');
      return policy.traces.start({ serviceId: access.serviceId, reason, startedBy: principal.id }, minutes);
    },
  }),
  stopPacketTrace: t.field({
    type: PacketTraceRef,
    description: 'What it saw can be read until newer traces take its place.',
    authScopes: { scope: 'network:sessions:write' },
    errors: { types: [NotFoundError] },
    args: { input: t.arg({ type: StopPacketTraceInput, required: true }) },
    resolve: (_root, { input }, { policy }) => policy.traces.stop(input.id),
  }),
}));

builder.subscriptionField('packetTraceEntries', (t) =>
  t.field({
    type: EntryRef,
    description: 'What a trace sees, until it ends; then the stream is complete.',
    authScopes: { scope: 'network:sessions:read' },
    args: {
      traceId: t.arg.id({ required: true }),
      after: t.arg({
        type: 'Cursor',
        description: 'What has fallen out of memory since is a gap in `number`.',
      }),
      initial: t.arg.boolean({ description: 'Begin with the entries there are.' }),
    },
    subscribe: (_root, { traceId, after, initial }, { policy, principal }) => {
      // `authScopes` are checked with each entry; who may not see any must not hold a stream either.
      if (!principal.scopes.includes('network:sessions:read'))
        throw new ForbiddenError(
          'network:sessions:read',
          'Subscription.packetTraceEntries needs the scope network:sessions:read',
        );
      const trace = policy.traces.find(traceId);
      const known = after == null && initial === true ? trace.entries.after(0) : [];
      const from = after == null ? trace.entries.last : numberOfCursor(traceId, after);
      return shownStream(policy.traces.follow(traceId, from), traceId, known, from) as never;
    },
    resolve: (entry) => entry as ShownEntry,
  }),
);

/** What is known first; then the iterator itself, so that its end reaches the trace at once. */
function shownStream(
  entries: AsyncGenerator<TraceEntry>,
  traceId: string,
  known: readonly TraceEntry[],
  from: number,
) {
  let told = 0;
  return {
    start: traceCursor(traceId, from),
    async next() {
      const standing = known[told];
      if (standing !== undefined) {
        const snapshot = { number: ++told, of: known.length };
        return { done: false as const, value: { ...standing, traceId, snapshot } };
      }
      const { done, value } = await entries.next();
      return done === true
        ? { done: true as const, value: undefined }
        : { done: false as const, value: { ...value, traceId, snapshot: null } };
    },
    async return() {
      await entries.return(undefined);
      return { done: true as const, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
