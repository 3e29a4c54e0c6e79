import type { RadSecCertificate, RedactedPacket } from '@dotmac/radius';
import { DomainError, ValidationError } from '@dotmac/schema';
import type { LoginExplanation } from '../aaa/explain.ts';

/** Traces that are kept at the same time, running or over. */
export const mostTraces = 8;
const mostMinutes = 60;
/** Of one trace: the newest are kept. */
export const mostEntries = 400;
/** Characters of names and values of one trace. */
const mostCharacters = 1_000_000;

export type TracedCertificate = Pick<RadSecCertificate, 'names' | 'fingerprint' | 'issuer'>;

/** A packet of a traced subscriber, or a decision about him. */
export interface TraceEntry {
  /** From 1 on, without gaps. */
  readonly number: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Null for a decision. */
  readonly direction: 'RECEIVED' | 'SENT' | null;
  readonly nasId: string;
  /** Null for a decision. */
  readonly peer: 'NAS' | 'HOME_SERVER' | null;
  readonly peerAddress: string | null;
  /** Of a NAS that came over TLS. */
  readonly certificate: TracedCertificate | null;
  /** A request that came again, or the reply that was sent for it once more. */
  readonly repeated: boolean;
  readonly packet: RedactedPacket | null;
  readonly decision: LoginExplanation | null;
}

/** The newest entries of a trace, within what memory one may take. */
export class TraceEntries {
  #entries: TraceEntry[] = [];
  #characters = 0;
  /** Of the newest; 0 before the first. */
  last = 0;

  add(entry: Omit<TraceEntry, 'number'>): void {
    this.last++;
    this.#entries.push({ ...entry, number: this.last });
    this.#characters += costOf(entry);
    while (
      this.#entries.length > mostEntries ||
      (this.#characters > mostCharacters && this.#entries.length > 1)
    ) {
      const oldest = this.#entries.shift();
      if (oldest !== undefined) this.#characters -= costOf(oldest);
    }
  }

  /** Those that are kept, after a number, oldest first. */
  after(number: number): readonly TraceEntry[] {
    const from = this.#entries.findIndex((entry) => entry.number > number);
    return from < 0 ? [] : this.#entries.slice(from);
  }
}

function costOf({ packet, decision }: Omit<TraceEntry, 'number'>): number {
  const attributes = packet?.attributes ?? [];
  const steps = decision?.steps ?? [];
  return (
    attributes.reduce((sum, { name, value }) => sum + 64 + name.length + (value?.length ?? 0), 200) +
    steps.reduce((sum, { check, fact }) => sum + 64 + check.length + fact.length, 0)
  );
}

/** A place in the stream of a trace. */
export function traceCursor(traceId: string, number: number): string {
  return Buffer.from(`t1:${traceId}:${number}`).toString('base64url');
}

/** The number in a cursor. @throws DomainError `CURSOR_INVALID` for one of another stream. */
export function numberOfCursor(traceId: string, cursor: string): number {
  const [version, id, number] = Buffer.from(cursor, 'base64url').toString().split(':');
  if (version !== 't1' || id !== traceId || number === undefined || !/^\d{1,15}$/.test(number))
    throw new DomainError('CURSOR_INVALID', 'This is not a cursor of this trace');
  return Number(number);
}

/** @throws ValidationError */
export function checkMinutes(minutes: number): number {
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > mostMinutes)
    throw new ValidationError('input.minutes', `A trace runs for 1 to ${mostMinutes} minutes`);
  return minutes;
}
