import type { OidBytes } from '../codec/oid.ts';

/** What was learnt about a device's replies: how long they take and how large they may be. Kept per address. */
export interface Tuning {
  /** Smoothed round trip and its variation in milliseconds (RFC 6298); null before the first sample. */
  smoothedRtt: number | null;
  rttVariation: number;
  /** Retransmission timeout in milliseconds, doubled by losses until a clean sample. */
  timeout: number;
  method: 'bulk' | 'next';
  repetitions: number;
  columns: number;
  /** Objects in one GET. */
  getSize: number;
  /** A GETBULK has been answered, so a silence is a loss or a size, not a missing feature. */
  bulkProven: boolean;
  cleanRounds: number;
  octetsPerVarbind: number;
  /** Octets a reply is planned for, and how far that may still grow. */
  replyTarget: number;
  mostReplyOctets: number;
  mostRepetitions: number;
  /** Rows that a table had when it was last read to its end, by its first column (octets as Latin-1). */
  readonly rows: Map<string, number>;
}

export type Trouble = 'tooBig' | 'empty' | 'timeout' | 'malformed';

const START_REPETITIONS = 10;
const MAX_COLUMNS = 12;
const MAX_GET = 24;
const MIN_TIMEOUT = 300;
const MAX_TIMEOUT = 5_000;
const START_TIMEOUT = 1_000;
const TIMEOUT_STEP = 50;
/** Once a device has shown that it can; 25 and more is what breaks agents. */
const MOST_REPETITIONS = 25;
/** Octets a reply should stay below at first, so that it passes common links in one piece. */
const REPLY_TARGET = 1_400;
/** Four pieces: beyond, one lost piece costs more than fewer requests save. */
const MOST_REPLY_OCTETS = 5_600;
const MOST_REMEMBERED_TABLES = 64;
const ROUNDS_BEFORE_GROWTH = 20;

export function newTuning(): Tuning {
  return {
    smoothedRtt: null,
    rttVariation: 0,
    timeout: START_TIMEOUT,
    method: 'bulk',
    repetitions: START_REPETITIONS,
    columns: MAX_COLUMNS,
    getSize: MAX_GET,
    bulkProven: false,
    cleanRounds: 0,
    octetsPerVarbind: 0,
    replyTarget: REPLY_TARGET,
    mostReplyOctets: MOST_REPLY_OCTETS,
    mostRepetitions: MOST_REPETITIONS,
    rows: new Map(),
  };
}

/**
 * A round trip of a request that was sent once (Karn's rule). Milliseconds. What is impossible shows that the clock was set
 * meanwhile, and is no sample.
 */
export function learnRtt(tuning: Tuning, rtt: number): void {
  if (!(rtt >= 0 && rtt <= 2 * MAX_TIMEOUT)) return;
  if (tuning.smoothedRtt === null) {
    tuning.smoothedRtt = rtt;
    tuning.rttVariation = rtt / 2;
  } else {
    tuning.rttVariation = 0.75 * tuning.rttVariation + 0.25 * Math.abs(tuning.smoothedRtt - rtt);
    tuning.smoothedRtt = 0.875 * tuning.smoothedRtt + 0.125 * rtt;
  }
  tuning.timeout = timeoutFor(tuning.smoothedRtt, tuning.rttVariation);
}

/** In steps, so that the timers of many devices share few queues. */
function timeoutFor(smoothedRtt: number, rttVariation: number): number {
  const wanted = Math.ceil((smoothedRtt + 4 * rttVariation) / TIMEOUT_STEP) * TIMEOUT_STEP;
  return Math.min(MAX_TIMEOUT, Math.max(MIN_TIMEOUT, wanted));
}

export function backOff(tuning: Tuning): void {
  tuning.timeout = Math.min(MAX_TIMEOUT, tuning.timeout * 2);
}

/** After the last try: a device that is away says nothing about the way to it. */
export function forgetBackOff(tuning: Tuning): void {
  tuning.timeout =
    tuning.smoothedRtt === null ? START_TIMEOUT : timeoutFor(tuning.smoothedRtt, tuning.rttVariation);
}

/**
 * How many columns and repetitions to ask for now, so that the reply fits. `expected` rows are still to come (NaN when
 * unknown): they are shared out evenly, with one more that shows the end.
 */
export function bulkPlan(
  tuning: Tuning,
  wanted: number,
  expected = Number.NaN,
): { columns: number; repetitions: number } {
  const size = tuning.octetsPerVarbind;
  const fit = size === 0 ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(tuning.replyTarget / size));
  const columns = Math.min(wanted, tuning.columns, fit);
  if (tuning.method === 'next') return { columns, repetitions: 1 };
  const most = Math.max(1, Math.min(tuning.repetitions, Math.floor(fit / columns)));
  if (!(expected >= 0)) return { columns, repetitions: most };
  const requests = Math.ceil((expected + 1) / most);
  return { columns, repetitions: Math.ceil((expected + 1) / requests) };
}

/** Rows a table probably has; NaN when it was never read to its end. */
export function expectedRows(tuning: Tuning, [first]: readonly OidBytes[]): number {
  return tuning.rows.get(nameOf(first)) ?? Number.NaN;
}

/** A table was read to its end. */
export function learnRows(tuning: Tuning, [first]: readonly OidBytes[], rows: number): void {
  const name = nameOf(first);
  const [oldest] = tuning.rows.keys();
  if (oldest !== undefined && tuning.rows.size >= MOST_REMEMBERED_TABLES && !tuning.rows.has(name))
    tuning.rows.delete(oldest);
  tuning.rows.set(name, rows);
}

function nameOf(column: OidBytes = new Uint8Array()): string {
  return Buffer.from(column.buffer, column.byteOffset, column.byteLength).toString('latin1');
}

/** A reply with rows came: remember its size, and ask for a little more after a series of them. */
export function learnReply(tuning: Tuning, octets: number, varbinds: number): void {
  if (tuning.method === 'bulk') tuning.bulkProven = true;
  const size = octets / varbinds;
  tuning.octetsPerVarbind =
    tuning.octetsPerVarbind === 0 ? size : Math.max(size, tuning.octetsPerVarbind * 0.9);
  tuning.cleanRounds++;
  if (tuning.cleanRounds < ROUNDS_BEFORE_GROWTH) return;
  tuning.cleanRounds = 0;
  if (tuning.columns < MAX_COLUMNS) tuning.columns++;
  else if (
    tuning.method === 'bulk' &&
    tuning.repetitions < Math.min(START_REPETITIONS, tuning.mostRepetitions)
  )
    tuning.repetitions++;
  else if (tuning.replyTarget < tuning.mostReplyOctets)
    tuning.replyTarget = Math.min(tuning.mostReplyOctets, tuning.replyTarget * 2);
  else if (tuning.method === 'bulk')
    tuning.repetitions = Math.min(tuning.mostRepetitions, tuning.repetitions + 5);
}

/**
 * Makes the next request smaller than the one that failed: fewer repetitions, fewer columns, then GETNEXT.
 * False when nothing smaller is left to try.
 */
export function shrink(
  tuning: Tuning,
  trouble: Trouble,
  used: { columns: number; repetitions: number },
): boolean {
  tuning.cleanRounds = 0;
  // What was only an attempt to do better is not tried a second time.
  if (tuning.replyTarget > REPLY_TARGET || tuning.repetitions > START_REPETITIONS) {
    tuning.mostReplyOctets = Math.max(REPLY_TARGET, Math.floor(tuning.replyTarget / 2));
    tuning.replyTarget = tuning.mostReplyOctets;
    tuning.mostRepetitions = START_REPETITIONS;
  }
  if (tuning.method === 'bulk') {
    if (trouble === 'timeout' && !tuning.bulkProven && used.repetitions <= 2) {
      tuning.method = 'next';
    } else if (used.repetitions > 1) {
      tuning.repetitions = trouble === 'timeout' && !tuning.bulkProven ? 2 : Math.floor(used.repetitions / 2);
    } else if (used.columns > 1) {
      tuning.columns = Math.ceil(used.columns / 2);
    } else {
      tuning.method = 'next';
      tuning.columns = MAX_COLUMNS;
    }
    return true;
  }
  if (used.columns <= 1) return false;
  tuning.columns = Math.ceil(used.columns / 2);
  return true;
}
