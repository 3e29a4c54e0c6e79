import { type Clock, newId } from '@dotmac/platform';
import type { AccountingRecord, Dictionary, PacketTap, RadSecCertificate, TapEntry } from '@dotmac/radius';
import { ConflictError, NotFoundError } from '@dotmac/schema';
import type { LoginExplanation } from '../aaa/explain.ts';
import type { RadiusPort } from '../aaa/port.ts';
import { voucherPrefix } from '../voucher/rules.ts';
import { mostTraces, TraceEntries, type TraceEntry } from './rules.ts';

/** A trace of one service's packets. */
export interface PacketTrace {
  readonly id: string;
  readonly serviceId: string;
  readonly reason: string;
  readonly startedBy: string;
  readonly startedAt: number;
  /** When it ends by itself. Milliseconds since the epoch, as the others. */
  until: number;
  /** Null while it runs. */
  endedAt: number | null;
  readonly entries: TraceEntries;
}

interface Kept extends PacketTrace {
  timer: NodeJS.Timeout;
  readonly wakes: Set<() => void>;
}

/** Whose packets are traced, for a limited time, in memory only: what was seen is gone with the process. */
export class PacketTraces {
  readonly tap: PacketTap<LoginExplanation>;
  readonly #clock: Clock;
  readonly #radius: RadiusPort;
  readonly #dictionary: Dictionary;
  readonly #traces = new Map<string, Kept>();
  readonly #running = new Map<string, Kept>();

  /** @param subjectOf the service of a login name or of `Class` attributes. */
  constructor(
    clock: Clock,
    radius: RadiusPort,
    dictionary: Dictionary,
    subjectOf: (userName: string | null, classes: readonly string[]) => string | null,
  ) {
    this.#clock = clock;
    this.#radius = radius;
    this.#dictionary = dictionary;
    this.tap = new radius.PacketTap<LoginExplanation>({
      subjectOf,
      wanted: (serviceId) => this.#running.has(serviceId),
      take: (serviceId, entry) => this.#take(serviceId, entry),
    });
  }

  /** Newest first. */
  get all(): readonly PacketTrace[] {
    return [...this.#traces.values()].reverse();
  }

  /** Begins to trace a service; where it is traced already, the trace goes on until the new end. @throws ConflictError */
  start(wanted: Pick<PacketTrace, 'serviceId' | 'reason' | 'startedBy'>, minutes: number): PacketTrace {
    const now = this.#clock.now();
    const milliseconds = minutes * 60_000;
    const running = this.#running.get(wanted.serviceId);
    if (running !== undefined) {
      clearTimeout(running.timer);
      running.until = now + milliseconds;
      running.timer = this.#endLater(running.id, milliseconds);
      return running;
    }
    if (this.#running.size >= mostTraces)
      throw new ConflictError(
        'TOO_MANY_TRACES',
        `At most ${mostTraces} traces run at the same time; stop one, or try again later`,
      );
    for (const { id, endedAt } of this.#traces.values())
      if (this.#traces.size >= mostTraces && endedAt !== null) this.#traces.delete(id);
    const id = newId('trc', this.#clock);
    const trace: Kept = {
      ...wanted,
      id,
      startedAt: now,
      until: now + milliseconds,
      endedAt: null,
      entries: new TraceEntries(),
      timer: this.#endLater(id, milliseconds),
      wakes: new Set(),
    };
    this.#traces.set(id, trace);
    this.#running.set(trace.serviceId, trace);
    this.tap.on = true;
    return trace;
  }

  /** Ends a trace; what it saw can be read until newer ones take its place. @throws NotFoundError */
  stop(id: string): PacketTrace {
    const trace = this.#kept(id);
    this.#end(trace);
    return trace;
  }

  /** @throws NotFoundError */
  find(id: string): PacketTrace {
    return this.#kept(id);
  }

  /** What a trace sees after an entry, until it ends; null: from now on. @throws NotFoundError */
  follow(id: string, after: number | null): AsyncGenerator<TraceEntry> {
    const trace = this.#kept(id);
    let left = false;
    let wake: () => void = () => {};
    const entries = (async function* () {
      for (let number = after ?? trace.entries.last; !left; ) {
        const news = trace.entries.after(number);
        for (const entry of news) {
          if (left) return;
          number = entry.number;
          yield entry;
        }
        if (news.length > 0) continue;
        if (trace.endedAt !== null) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
          trace.wakes.add(resolve);
        });
        trace.wakes.delete(wake);
      }
    })();
    // A generator that waits would hear of its `return` only with the next entry.
    const end = entries.return.bind(entries);
    entries.return = (value) => {
      left = true;
      wake();
      return end(value);
    };
    return entries;
  }

  /** Hears what is sent to a NAS about a service, and its answers; undefined while the service is not traced. */
  listenerTo(
    serviceId: string,
    nas: { readonly id: string; readonly address: string; readonly certificate: RadSecCertificate | null },
  ) {
    if (!this.#running.has(serviceId)) return undefined;
    return (direction: 'SENT' | 'RECEIVED', packet: Buffer) =>
      this.#take(serviceId, {
        kind: 'PACKET',
        at: this.#clock.now(),
        direction,
        nasId: nas.id,
        peer: 'NAS',
        peerAddress: nas.address,
        certificate: nas.certificate,
        repeated: false,
        packet,
      });
  }

  /** Hears what home servers are told of an accounting record; undefined while its subscriber is not traced. */
  hopOf({ nas, sourceAddress, packet }: AccountingRecord) {
    return this.tap.hopOf({ nasId: nas.id, sourceAddress, request: packet }, this.#clock);
  }

  /** Ends them all. */
  close(): void {
    for (const trace of this.#running.values()) this.#end(trace);
  }

  #take(serviceId: string, entry: TapEntry<LoginExplanation>): void {
    const trace = this.#running.get(serviceId);
    if (trace === undefined) return;
    const { at, nasId } = entry;
    if (entry.kind === 'DECISION')
      trace.entries.add({
        at,
        nasId,
        direction: null,
        peer: null,
        peerAddress: null,
        certificate: null,
        repeated: false,
        packet: null,
        decision: entry.note,
      });
    else {
      const { direction, peer, peerAddress, certificate, repeated } = entry;
      const packet = this.#radius.redactPacket(entry.packet, this.#dictionary, {
        hideUserName: serviceId.startsWith(voucherPrefix),
      });
      trace.entries.add({
        at,
        nasId,
        direction,
        peer,
        peerAddress,
        certificate,
        repeated,
        packet,
        decision: null,
      });
    }
    for (const wake of trace.wakes) wake();
  }

  #kept(id: string): Kept {
    const trace = this.#traces.get(id);
    if (trace === undefined) throw new NotFoundError('PacketTrace', id);
    return trace;
  }

  #endLater(id: string, milliseconds: number): NodeJS.Timeout {
    return setTimeout(() => this.stop(id), milliseconds).unref();
  }

  #end(trace: Kept): void {
    clearTimeout(trace.timer);
    trace.endedAt ??= this.#clock.now();
    if (this.#running.get(trace.serviceId) === trace) this.#running.delete(trace.serviceId);
    if (this.#running.size === 0) this.tap.silence();
    for (const wake of trace.wakes) wake();
  }
}
