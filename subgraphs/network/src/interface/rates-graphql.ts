import { ForbiddenError, NotFoundError, type SnapshotPlaceValue } from '@dotmac/schema';
import { builder } from '../builder.ts';
import { interfaceOfRow } from '../port-fields.ts';
import type { PortReading } from './port-watch.ts';
import type { NetworkInterface } from './store.ts';

interface RatesNow extends PortReading {
  readonly cursor: string;
  readonly snapshot: SnapshotPlaceValue | null;
}

const RatesNowRef = builder.objectRef<RatesNow>('InterfaceRatesNow').implement({
  description: 'What passes a port now, as the port sees it.',
  fields: (t) => ({
    id: t.id({
      description: 'Of the port: newer takes the place of older.',
      resolve: ({ interfaceId }) => interfaceId,
    }),
    cursor: t.expose('cursor', {
      type: 'Cursor',
      description: 'Readings are not kept: going on after it means from now on.',
    }),
    snapshot: t.expose('snapshot', {
      type: 'SnapshotPlace',
      nullable: true,
      description: 'Set on the last reading before the stream, which `initial` begins with.',
    }),
    at: t.field({ type: 'DateTime', resolve: ({ at }) => new Date(at) }),
    interface: t.field(interfaceOfRow),
    operStatus: t.exposeString('operStatus', { nullable: true }),
    inBitsPerSecond: t.expose('inBitsPerSecond', {
      type: 'BitsPerSecond',
      nullable: true,
      description: 'Since the reading before; null for the first one, and when the counters began anew.',
    }),
    outBitsPerSecond: t.expose('outBitsPerSecond', { type: 'BitsPerSecond', nullable: true }),
    failure: t.exposeString('failure', {
      nullable: true,
      description: 'Why nothing is known; null when the device answered.',
    }),
  }),
});

builder.subscriptionField('interfaceRates', (t) =>
  t.field({
    type: RatesNowRef,
    description:
      'The rates of a port about once a second, for as long as somebody watches: it is read once however many do, and whoever takes them slowly gets the newest. At most 64 ports at the same time.',
    authScopes: { scope: 'network:read' },
    args: {
      interfaceId: t.arg.id({ required: true }),
      after: t.arg({ type: 'Cursor', description: 'Readings are not kept: from now on in any case.' }),
      initial: t.arg.boolean({ description: 'Begin with the last reading there is.' }),
    },
    subscribe: async (
      _root,
      { interfaceId, initial, after },
      { services, loaders, portWatch, principal },
    ) => {
      // `authScopes` are checked with each reading; who may not see any must not have the device asked either.
      if (!principal.scopes.includes('network:read'))
        throw new ForbiddenError('network:read', 'Subscription.interfaceRates needs the scope network:read');
      const port = await loaders.interface.load(interfaceId);
      if (port === null) throw new NotFoundError('Interface', interfaceId);
      const cursor = await services.events.headCursor();
      const readings = portWatch.watch(port);
      const last = initial === true && after == null ? lastOf(port) : null;
      return withCursor(readings, last, cursor) as never;
    },
    resolve: (reading) => reading as RatesNow,
  }),
);

/** What the poller read last. */
function lastOf(port: NetworkInterface): PortReading {
  const big = (text: string | null) => (text === null ? null : BigInt(text));
  return {
    interfaceId: port.id,
    at: (port.countersAt ?? port.seenAt).getTime(),
    operStatus: port.operStatus,
    inBitsPerSecond: big(port.inBitsPerSecond),
    outBitsPerSecond: big(port.outBitsPerSecond),
    failure: null,
  };
}

/** The iterator itself, so that its end reaches the watch at once. */
function withCursor(readings: AsyncGenerator<PortReading>, last: PortReading | null, cursor: string) {
  let first = last;
  return {
    start: cursor,
    async next() {
      if (first !== null) {
        const value = { ...first, cursor, snapshot: { number: 1, of: 1 } };
        first = null;
        return { done: false as const, value };
      }
      const { done, value } = await readings.next();
      return done === true
        ? { done: true as const, value: undefined }
        : { done: false as const, value: { ...value, cursor, snapshot: null } };
    },
    async return() {
      await readings.return(undefined);
      return { done: true as const, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
