import { builder } from '../builder.ts';
import { NasRef } from '../types.ts';
import { adviceOn, type NasHealth, type RadiusProblem } from './watch.ts';

const timeOf = (at: number | null) => (at === null ? null : new Date(at));

const RadiusProblemRef = builder.objectRef<RadiusProblem>('RadiusProblem').implement({
  description:
    'Something wrong with a NAS, or with what sends from an address; the thousand newest are kept.',
  fields: (t) => ({
    kind: t.exposeString('kind', { description: 'A stable code, such as UNKNOWN_NAS or BAD_AUTHENTICATOR.' }),
    sourceAddress: t.expose('sourceAddress', { type: 'IPAddress' }),
    nas: t.field({
      type: NasRef,
      nullable: true,
      resolve: ({ nasId }, _args, { loaders }) => (nasId === null ? null : loaders.nas.load(nasId)),
    }),
    detail: t.exposeString('detail', { nullable: true }),
    advice: t.string({ description: 'What it means and what to do.', resolve: adviceOn }),
    count: t.exposeInt('count'),
    firstSeenAt: t.field({ type: 'DateTime', resolve: ({ firstAt }) => new Date(firstAt) }),
    lastSeenAt: t.field({ type: 'DateTime', resolve: ({ lastAt }) => new Date(lastAt) }),
  }),
});

const RejectCountRef = builder.objectRef<{ reason: string; count: number }>('LoginRejectCount').implement({
  fields: (t) => ({ reason: t.exposeString('reason'), count: t.exposeInt('count') }),
});

const NasHealthRef = builder.objectRef<NasHealth & { readonly nasId: string }>('NasHealth').implement({
  description: 'What the RADIUS server has heard of a NAS; it outlives a restart of the server.',
  fields: (t) => ({
    lastLoginAt: t.field({ type: 'DateTime', nullable: true, resolve: ({ loginAt }) => timeOf(loginAt) }),
    lastAccountingAt: t.field({
      type: 'DateTime',
      nullable: true,
      resolve: ({ accountingAt }) => timeOf(accountingAt),
    }),
    accepts: t.exposeInt('accepts'),
    rejects: t.field({
      type: [RejectCountRef],
      description: 'By reason, the most frequent first.',
      resolve: ({ rejects }) =>
        [...rejects].map(([reason, count]) => ({ reason, count })).sort((a, b) => b.count - a.count),
    }),
    clockSkewSeconds: t.float({
      nullable: true,
      description:
        'How far its clock is ahead, by its newest accounting; null when it does not say the time.',
      resolve: ({ clockSkewMilliseconds }) =>
        clockSkewMilliseconds === null ? null : clockSkewMilliseconds / 1000,
    }),
    rttMilliseconds: t.exposeFloat('rttMilliseconds', {
      nullable: true,
      description: 'Of the newest CoA or Disconnect that it answered at once.',
    }),
    rttAt: t.field({ type: 'DateTime', nullable: true, resolve: ({ rttAt }) => timeOf(rttAt) }),
    unansweredRequests: t.exposeInt('unanswered', {
      description: 'CoA and Disconnect requests that it has left unanswered since it answered one.',
    }),
    accountingDelaySeconds: t.exposeInt('accountingDelaySeconds', {
      nullable: true,
      description: 'How long its newest accounting had waited at the NAS (Acct-Delay-Time).',
    }),
    problems: t.field({
      type: [RadiusProblemRef],
      resolve: ({ nasId }, _args, { nasWatch }) => nasWatch.problems(nasId),
    }),
  }),
});

builder.objectField(NasRef, 'health', (t) =>
  t.field({
    type: NasHealthRef,
    resolve: ({ id }, _args, { nasWatch }) => ({ ...nasWatch.health(id), nasId: id }),
  }),
);

interface ServerHealth {
  readonly counters: Readonly<Record<string, number>>;
  readonly drops: number | null;
}

const CounterRef = builder.objectRef<{ name: string; value: number }>('RadiusCounter').implement({
  fields: (t) => ({
    name: t.exposeString('name'),
    value: t.field({ type: 'BigInt', resolve: ({ value }) => BigInt(value) }),
  }),
});

const RadiusServerRef = builder.objectRef<ServerHealth>('RadiusServer').implement({
  description: "The tenant's RADIUS server since it was started.",
  fields: (t) => ({
    counters: t.field({
      type: [CounterRef],
      resolve: ({ counters }) => Object.entries(counters).map(([name, value]) => ({ name, value })),
    }),
    socketDrops: t.int({
      nullable: true,
      description: 'Datagrams the kernel dropped because the sockets were full; null where it does not tell.',
      resolve: ({ drops }) => drops,
    }),
  }),
});

builder.queryFields((t) => ({
  radiusProblems: t.field({
    type: [RadiusProblemRef],
    description: 'Wrong secrets, unknown addresses, clocks that are off: the newest first.',
    authScopes: { scope: 'network:read' },
    resolve: (_root, _args, { nasWatch }) => nasWatch.problems(),
  }),
  radiusServer: t.field({
    type: RadiusServerRef,
    nullable: true,
    description: 'Null while no server is attached.',
    authScopes: { scope: 'network:read' },
    resolve: async (_root, _args, { nasWatch, radius }) => {
      const { server } = nasWatch;
      if (server === null) return null;
      return { counters: { ...server.counters }, drops: await radius.kernelDrops(server.ports) };
    },
  }),
}));
