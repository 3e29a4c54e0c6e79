import type { Clock } from '@dotmac/device';
import type { Dictionary } from '../dictionary/dictionary.ts';
import { verifyMessageAuthenticator } from '../packet/authenticator.ts';
import { createScan, type PacketScan, scanPacket } from '../packet/scan.ts';
import type { SharedSecret } from '../packet/shared-secret.ts';
import type { RadSecCertificate } from '../radsec/certificate.ts';
import type { PacketTap } from '../trace/tap.ts';
import type { AnomalyReporter } from './anomaly.ts';
import type { ServerCounters } from './counters.ts';
import { DuplicateCache, type DuplicateEntry } from './duplicate-cache.ts';
import type { Nas } from './nas.ts';
import type { RadiusPolicy } from './policy.ts';

/** What both servers share. */
export interface ServerContext {
  readonly clock: Clock;
  readonly dictionary: Dictionary;
  readonly policy: RadiusPolicy;
  readonly anomalies: AnomalyReporter;
  readonly counters: ServerCounters;
  /** Hears the packets of those who are listened to. */
  readonly tap?: PacketTap;
  readonly onSecretProven?: SecretListener;
}

/** Told which secret a NAS with several has used; never called for a NAS that has one. */
export type SecretListener = (nas: Nas, secret: SharedSecret, at: number) => void;

/** Where a datagram came from, and how to answer it. */
export interface Peer {
  readonly address: string;
  readonly port: number;
  /** Known already by its certificate; else it is found by its address. */
  readonly nas?: Nas;
  readonly certificate?: RadSecCertificate;
  /** Takes the reply as it is now: its octets may be another's after the call. */
  send(reply: Buffer): void;
}

/** A well-formed packet of a known NAS. `scan` belongs to the reception and holds until the next packet. */
export interface Received {
  readonly nas: Nas;
  readonly packet: Buffer;
  readonly scan: PacketScan;
  readonly peer: Peer;
  readonly receivedAt: number;
}

/** The first steps every packet takes: NAS by source address, strict scan, duplicates. */
export class Reception {
  readonly #context: ServerContext;
  readonly #scan = createScan();
  readonly #duplicates = new DuplicateCache(5_000);

  constructor(context: ServerContext) {
    this.#context = context;
  }

  /** Null when the packet must be dropped in silence; the reason is counted and reported. */
  receive(datagram: Buffer, peer: Peer): Received | null {
    const { policy, clock, anomalies, counters } = this.#context;
    const nas = peer.nas ?? policy.findNas(peer.address);
    if (nas === null) {
      anomalies.report('UNKNOWN_NAS', peer.address);
      counters.discarded++;
      return null;
    }
    const malformed = scanPacket(datagram, this.#scan);
    if (malformed !== null) {
      anomalies.report('MALFORMED', peer.address, nas.id, malformed);
      counters.discarded++;
      return null;
    }
    return { nas, packet: datagram, scan: this.#scan, peer, receivedAt: clock.now() };
  }

  /** Drops a packet, counted and reported. */
  drop(
    received: Received,
    kind: Parameters<AnomalyReporter['report']>[0],
    detail: string | null = null,
  ): void {
    this.#context.anomalies.report(kind, received.peer.address, received.nas.id, detail);
    this.#context.counters.discarded++;
  }

  /**
   * The entry for a new request, or null for a duplicate, which has then been answered or ignored.
   * Call it only for packets whose authenticator has been checked as far as it can be.
   */
  begin(received: Received): DuplicateEntry | null {
    const { packet, peer, receivedAt } = received;
    const { counters, tap } = this.#context;
    const earlier = this.#duplicates.find(peer, packet);
    if (earlier === null) return this.#duplicates.begin(peer, packet, receivedAt);
    counters.duplicates++;
    if (tap?.on === true) tap.repeated(received, earlier.reply);
    if (earlier.reply !== null) peer.send(earlier.reply);
    return null;
  }

  /** @param packet at least the request's header. */
  forget(peer: Peer, packet: Uint8Array, entry: DuplicateEntry): void {
    this.#duplicates.forget(peer, packet[1] as number, entry);
  }
}

/** Tells of the secret that a request has proved, while there is more than one. */
export function tellSecret(
  { onSecretProven }: ServerContext,
  { nas, receivedAt }: Pick<Received, 'nas' | 'receivedAt'>,
  secret: SharedSecret,
): void {
  if (nas.secrets.length > 1) onSecretProven?.(nas, secret, receivedAt);
}

/** The secret of the NAS that verifies the packet's Message-Authenticator over 16 octets at `authenticator[authenticatorAt]`; null when none does. */
export function provenByMessageAuthenticator(
  received: Received,
  authenticator: Uint8Array,
  authenticatorAt = 0,
): SharedSecret | null {
  const { packet, scan } = received;
  for (const secret of received.nas.secrets)
    if (verifyMessageAuthenticator(packet, scan, authenticator, secret, authenticatorAt)) return secret;
  return null;
}
