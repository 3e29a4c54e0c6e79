import { type Clock, systemClock } from '@dotmac/device';
import type { Dictionary } from '../dictionary/dictionary.ts';
import { standardDictionary } from '../dictionary/standard.ts';
import { type EapOptions, EapServer } from '../eap/server.ts';
import { packetCodes } from '../packet/codes.ts';
import type { RadSecLimits } from '../radsec/limits.ts';
import { RadSecServer } from '../radsec/server.ts';
import type { PacketTap } from '../trace/tap.ts';
import { AccessServer } from './access-server.ts';
import { AccountingServer } from './accounting-server.ts';
import { type Anomaly, AnomalyReporter } from './anomaly.ts';
import { createCounters, type ServerCounters } from './counters.ts';
import type { Nas } from './nas.ts';
import type { AccountingSink, RadiusPolicy } from './policy.ts';
import type { SecretListener } from './reception.ts';
import { listenUdp } from './udp.ts';

export interface RadiusServerOptions {
  readonly policy: RadiusPolicy;
  /** Needed with an accounting port. */
  readonly accounting?: AccountingSink;
  /** Default `::`, both IP versions. */
  readonly host?: string;
  /** Default 1812; 0 takes a free one; null leaves authentication to another worker. */
  readonly authPort?: number | null;
  /** Default 1813; 0 takes a free one; null leaves accounting to another worker. */
  readonly acctPort?: number | null;
  readonly clock?: Clock;
  readonly dictionary?: Dictionary;
  /** Default 1000. */
  readonly rejectDelayMs?: number;
  /** Records per commit, default 512. */
  readonly mostPerBatch?: number;
  /** Records waiting for a commit, default 20,000. */
  readonly mostQueued?: number;
  /** Default 1000. */
  readonly mostAgeMs?: number;
  /** Socket receive buffer; default 4 MiB. The kernel's default holds about 193 datagrams. */
  readonly receiveBufferBytes?: number;
  /** Where RADIUS over TLS is taken, on the same policy and sink, once `RadiusServer.radSec` has an identity to show. */
  readonly radSec?: {
    readonly host?: string;
    readonly port: number;
    readonly limits?: Partial<RadSecLimits>;
  };
  /** EAP methods to offer; without it EAP requests go to the policy as they are. */
  readonly eap?: EapOptions;
  /** Several workers on one port, spread by the kernel; default false. A retransmission may reach another worker. */
  readonly reusePort?: boolean;
  /** Hears packets that are answered, of those it is switched on for. */
  readonly tap?: PacketTap;
  readonly onAnomaly?: (anomaly: Anomaly) => void;
  readonly onMessageAuthenticatorSeen?: (nas: Nas) => void;
  readonly onSecretProven?: SecretListener;
  /** A socket could not send or failed. */
  readonly onError?: (error: Error) => void;
}

export interface RadiusServer {
  readonly authPort: number | null;
  readonly acctPort: number | null;
  /** Null where the options have none. */
  readonly radSec: RadSecServer | null;
  readonly counters: Readonly<ServerCounters>;
  /** Accounting records that wait for a commit. */
  readonly queued: number;
  /** Offers other EAP methods, or with another certificate, from now on. Throws as `EapServer` does. */
  useEap(options: EapOptions): void;
  /** Answers what has been received, then closes the sockets. */
  close(): Promise<void>;
}

/** Starts the RADIUS server of a tenant: authentication, accounting or both. */
export async function startRadiusServer(options: RadiusServerOptions): Promise<RadiusServer> {
  const { host = '::', authPort = 1812, acctPort = 1813 } = options;
  const socketOptions = {
    receiveBufferBytes: options.receiveBufferBytes ?? 4 * 1024 * 1024,
    reusePort: options.reusePort ?? false,
  };
  const { onAnomaly = () => {}, onError = () => {}, clock = systemClock } = options;
  const counters = createCounters();
  const context = {
    clock,
    counters,
    dictionary: options.dictionary ?? standardDictionary(),
    policy: options.policy,
    anomalies: new AnomalyReporter(clock, onAnomaly),
    ...(options.tap === undefined ? {} : { tap: options.tap }),
    ...(options.onSecretProven === undefined ? {} : { onSecretProven: options.onSecretProven }),
  };
  const access = new AccessServer(
    context,
    {
      rejectDelayMs: options.rejectDelayMs ?? 1000,
      onMessageAuthenticatorSeen: options.onMessageAuthenticatorSeen ?? (() => {}),
    },
    options.eap === undefined ? null : new EapServer(options.eap),
  );
  const accounting =
    acctPort === null
      ? null
      : new AccountingServer(context, {
          sink: options.accounting ?? missingSink(),
          mostPerBatch: options.mostPerBatch ?? 512,
          mostQueued: options.mostQueued ?? 20_000,
          mostAgeMs: options.mostAgeMs ?? 1000,
        });
  const authListener =
    authPort === null
      ? null
      : await listenUdp(
          host,
          authPort,
          socketOptions,
          (datagram, peer) => access.handle(datagram, peer),
          onError,
        );
  const acctListener =
    acctPort === null || accounting === null
      ? null
      : await listenUdp(
          host,
          acctPort,
          socketOptions,
          (datagram, peer) => accounting.handle(datagram, peer),
          onError,
        ).catch(async (error: unknown) => {
          await authListener?.close();
          throw error;
        });
  const radSec =
    options.radSec === undefined
      ? null
      : new RadSecServer({
          host,
          ...options.radSec,
          clock,
          dictionary: context.dictionary,
          findNas: (certificate) => options.policy.findNasOfCertificate?.(certificate) ?? null,
          onPacket: (packet, peer) => {
            if (packet[0] === packetCodes['Accounting-Request']) accounting?.handle(packet, peer);
            else access.handle(packet, peer);
          },
          onRefused: (...refusal) => context.anomalies.report(...refusal),
        });
  return {
    radSec,
    authPort: authListener?.port ?? null,
    acctPort: acctListener?.port ?? null,
    counters,
    get queued() {
      return accounting?.queued ?? 0;
    },
    useEap: (eap) => access.useEap(new EapServer(eap)),
    close: async () => {
      access.close();
      await authListener?.close();
      await accounting?.drained();
      await radSec?.close();
      await acctListener?.close();
    },
  };
}

function missingSink(): never {
  throw new TypeError('An accounting port needs an accounting sink: pass `accounting`, or `acctPort: null`');
}
