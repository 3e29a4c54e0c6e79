import { type Clock, systemClock } from '@dotmac/device';
import {
  type Attribute,
  type DecodedAttribute,
  type DecodedPacket,
  packetCodes,
  RadiusClient,
  sharedSecret,
  standardDictionary,
} from '@dotmac/radius';
import { counters, credentials, findSessions, identity, type LoginMethod } from './attributes.ts';
import { type DynamicAuthorizationAnswer, listenForCoa } from './coa-listener.ts';
import { applyAttributes, countTraffic, type NasSession } from './session.ts';

/** How the NAS treats CoA: `lie` acknowledges and does nothing, `ignore` is silent. */
export type CoaBehaviour =
  | { readonly kind: 'obey' | 'lie' | 'ignore' }
  | { readonly kind: 'nak'; readonly errorCause: number };

export interface NasOptions {
  readonly secret: string;
  readonly authHost: string;
  readonly authPort: number;
  readonly acctPort: number;
  /** Default the host of authentication. */
  readonly acctHost?: string;
  /** Where CoA is listened for. Default 127.0.0.1. */
  readonly host?: string;
  /** Default a free port. */
  readonly coaPort?: number;
  readonly identifier?: string;
  readonly clock?: Clock;
  /** Waits before each retransmission and before giving up. Default three times 1 s. */
  readonly waitsMs?: readonly number[];
  /** Share of its speed that a session uses, 0 to 1. Default 0: octets come from `advance` only. */
  readonly utilisation?: number;
  /** Sends Interim-Updates by itself at the interval of the Access-Accept. Default false. */
  readonly automaticInterim?: boolean;
  /** First three octets of addresses given to sessions without Framed-IP-Address. Default 100.127.0. */
  readonly poolPrefix?: string;
  readonly onSession?: (session: NasSession) => void;
  readonly onSessionChange?: (session: NasSession) => void;
  readonly onSessionEnd?: (session: NasSession, cause: string) => void;
}

export interface LoginOptions {
  readonly mac: string;
  /** Default pap. */
  readonly method?: LoginMethod;
  readonly portId?: string;
  /** Further attributes of the Access-Request. */
  readonly attributes?: readonly Attribute[];
}

export interface LoginResult {
  readonly accepted: boolean;
  /** `SERVER_NOT_PROVEN`: accepted, but the server did not prove by MS-CHAPv2 that it knows the password. */
  readonly reason: 'ACCEPTED' | 'REJECTED' | 'NO_ANSWER' | 'SERVER_NOT_PROVEN';
  readonly replyMessage: string | null;
  readonly attributes: readonly DecodedAttribute[];
  readonly session: NasSession | null;
}

export interface SimulatedNas {
  readonly coaPort: number;
  readonly sessions: ReadonlyMap<string, NasSession>;
  /** CoA- and Disconnect-Requests received, retransmissions included. */
  readonly coaReceived: number;
  /** Access-Request, and when accepted a session and its Accounting Start. */
  login(username: string, password: string, options: LoginOptions): Promise<LoginResult>;
  /** Adds octets to a session, beside what `utilisation` gives. */
  advance(sessionId: string, octets: { readonly upstream: bigint; readonly downstream: bigint }): void;
  /** Interim-Updates of one session or of all; resolves to how many were answered. */
  interim(sessionId?: string): Promise<number>;
  /** Ends a session with Accounting Stop; `cause` by its name (RFC 2866 §5.10), default User-Request. */
  logout(sessionId: string, cause?: string): Promise<boolean>;
  setCoaBehaviour(behaviour: CoaBehaviour): void;
  /** Power cut: sessions vanish without Stop, session ids start over, Accounting-On is sent. */
  crash(): Promise<boolean>;
  /** The first half of a power cut: sessions vanish and nobody is told. */
  powerOff(): void;
  close(): Promise<void>;
}

/** Starts a NAS that logs subscribers in over RADIUS as a MikroTik does. */
export async function startNas(options: NasOptions): Promise<SimulatedNas> {
  const { clock = systemClock, utilisation = 0, host = '127.0.0.1', identifier = 'lab-nas' } = options;
  const secret = sharedSecret(options.secret);
  const dictionary = standardDictionary();
  const client = new RadiusClient({ clock, dictionary, jitter: 0 });
  const waitsMs = options.waitsMs ?? [1000, 1000, 1000];
  const sessions = new Map<string, NasSession>();
  const interimTimers = new Map<string, NodeJS.Timeout>();
  let behaviour: CoaBehaviour = { kind: 'obey' };
  let nextSession = 0x81000000;
  let nextAddress = 2;

  const account = async (status: string, attributes: readonly Attribute[]): Promise<boolean> => {
    const { reply } = await client.exchange({
      host: options.acctHost ?? options.authHost,
      port: options.acctPort,
      secret,
      code: packetCodes['Accounting-Request'],
      replyCodes: [packetCodes['Accounting-Response']],
      attributes: [
        { name: 'Acct-Status-Type', value: status },
        { name: 'NAS-Identifier', value: identifier },
        { name: 'NAS-IP-Address', value: host },
        { name: 'Event-Timestamp', value: Math.floor(clock.now() / 1000) },
        { name: 'Acct-Delay-Time', value: 0 },
        ...attributes,
      ],
      messageAuthenticator: false,
      waitsMs,
    });
    return reply !== null;
  };
  const update = (session: NasSession, status: string, more: readonly Attribute[] = []) => {
    countTraffic(session, clock, utilisation);
    return account(status, [...identity(session), ...counters(session, clock), ...more]);
  };
  const end = async (session: NasSession, cause: string): Promise<boolean> => {
    sessions.delete(session.id);
    clearInterval(interimTimers.get(session.id));
    interimTimers.delete(session.id);
    options.onSessionEnd?.(session, cause);
    return update(session, 'Stop', [{ name: 'Acct-Terminate-Cause', value: cause }]);
  };
  const pending = new Set<Promise<unknown>>();
  const inBackground = (work: Promise<unknown>) => {
    const settled = work.catch((error: unknown) => {
      if (!closed) throw error;
    });
    pending.add(settled);
    void settled.finally(() => pending.delete(settled));
  };
  let closed = false;

  const loseSessions = () => {
    const lost = [...sessions.values()];
    sessions.clear();
    for (const timer of interimTimers.values()) clearInterval(timer);
    interimTimers.clear();
    nextSession = 0x81000000;
    for (const session of lost) options.onSessionEnd?.(session, 'NAS-Reboot');
  };

  const act = (kind: 'CoA' | 'Disconnect', packet: DecodedPacket): DynamicAuthorizationAnswer => {
    if (behaviour.kind === 'ignore') return null;
    if (behaviour.kind === 'nak') return { ack: false, errorCause: behaviour.errorCause };
    const found = findSessions(sessions, packet.attributes);
    if (found.length === 0) return { ack: false, errorCause: 503 };
    if (behaviour.kind === 'lie') return { ack: true };
    for (const session of found) {
      countTraffic(session, clock, utilisation);
      if (kind === 'Disconnect') inBackground(end(session, 'Admin-Reset'));
      else {
        applyAttributes(session, packet.attributes);
        options.onSessionChange?.(session);
      }
    }
    return { ack: true };
  };
  const listener = await listenForCoa(host, options.coaPort ?? 0, secret, dictionary, act);

  const openSession = async (
    username: string,
    login: LoginOptions,
    reply: DecodedPacket,
  ): Promise<NasSession> => {
    const value = (name: string) => reply.attributes.find((attribute) => attribute.name === name)?.value;
    const number = (name: string) => (typeof value(name) === 'number' ? (value(name) as number) : null);
    const now = clock.now();
    const timeout = number('Session-Timeout');
    const session: NasSession = {
      id: (nextSession++).toString(16),
      username,
      mac: login.mac,
      portId: login.portId ?? 'ether1',
      startedAt: now,
      address: String(value('Framed-IP-Address') ?? `${options.poolPrefix ?? '100.127.0'}.${nextAddress++}`),
      shaping: null,
      addressList: null,
      addressLists: [],
      filterId: null,
      pool: value('Framed-Pool') === undefined ? null : String(value('Framed-Pool')),
      classes: reply.attributes.flatMap(({ name, value }) =>
        name === 'Class' && value instanceof Uint8Array ? [value] : [],
      ),
      interimSeconds: number('Acct-Interim-Interval'),
      endsAt: timeout === null ? null : now + timeout * 1000,
      upstreamOctets: 0n,
      downstreamOctets: 0n,
      countedUntil: now,
    };
    applyAttributes(session, reply.attributes);
    sessions.set(session.id, session);
    if (options.automaticInterim === true && session.interimSeconds !== null)
      interimTimers.set(
        session.id,
        setInterval(() => inBackground(update(session, 'Interim-Update')), session.interimSeconds * 1000),
      );
    options.onSession?.(session);
    await account('Start', identity(session));
    return session;
  };

  return {
    coaPort: listener.port,
    sessions,
    get coaReceived() {
      return listener.received;
    },
    login: async (username, password, login) => {
      const shown = credentials(username, password, login.method ?? 'pap');
      const { reply } = await client.exchange({
        host: options.authHost,
        port: options.authPort,
        secret,
        code: packetCodes['Access-Request'],
        replyCodes: [
          packetCodes['Access-Accept'],
          packetCodes['Access-Reject'],
          packetCodes['Access-Challenge'],
        ],
        attributes: [
          { name: 'User-Name', value: username },
          ...shown.attributes,
          { name: 'Service-Type', value: 'Framed-User' },
          { name: 'Framed-Protocol', value: 'PPP' },
          { name: 'NAS-Port-Type', value: 'Ethernet' },
          { name: 'NAS-Port-Id', value: login.portId ?? 'ether1' },
          { name: 'Calling-Station-Id', value: login.mac },
          { name: 'NAS-Identifier', value: identifier },
          { name: 'NAS-IP-Address', value: host },
          ...(login.attributes ?? []),
        ],
        messageAuthenticator: true,
        waitsMs,
      });
      const attributes = reply?.attributes ?? [];
      const message = attributes.find((attribute) => attribute.name === 'Reply-Message')?.value;
      const accepted = reply?.code === packetCodes['Access-Accept'] && shown.proven(attributes);
      return {
        accepted,
        reason: reasonOf(reply, accepted),
        replyMessage: typeof message === 'string' ? message : null,
        attributes,
        session: reply !== null && accepted ? await openSession(username, login, reply) : null,
      };
    },
    advance: (sessionId, octets) => {
      const session = sessions.get(sessionId);
      if (session === undefined) throw new RangeError(`There is no session ${sessionId}`);
      session.upstreamOctets += octets.upstream;
      session.downstreamOctets += octets.downstream;
    },
    interim: async (sessionId) => {
      const chosen = [...sessions.values()].filter(({ id }) => sessionId === undefined || id === sessionId);
      const answers = await Promise.all(chosen.map((session) => update(session, 'Interim-Update')));
      return answers.filter(Boolean).length;
    },
    logout: async (sessionId, cause = 'User-Request') => {
      const session = sessions.get(sessionId);
      if (session === undefined) throw new RangeError(`There is no session ${sessionId}`);
      return end(session, cause);
    },
    setCoaBehaviour: (next) => {
      behaviour = next;
    },
    powerOff: loseSessions,
    crash: async () => {
      loseSessions();
      return account('Accounting-On', []);
    },
    close: async () => {
      closed = true;
      for (const timer of interimTimers.values()) clearInterval(timer);
      await listener.close();
      await client.close();
      await Promise.all(pending);
    },
  };
}

function reasonOf(reply: DecodedPacket | null, accepted: boolean): LoginResult['reason'] {
  if (reply === null) return 'NO_ANSWER';
  if (accepted) return 'ACCEPTED';
  return reply.code === packetCodes['Access-Accept'] ? 'SERVER_NOT_PROVEN' : 'REJECTED';
}
