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
}

export type Trouble = 'tooBig' | 'empty' | 'timeout' | 'malformed';

const START_REPETITIONS = 10;
const MAX_COLUMNS = 12;
const MAX_GET = 24;
const MIN_TIMEOUT = 300;
const MAX_TIMEOUT = 5_000;
const START_TIMEOUT = 1_000;
/** Octets a reply should stay below, so that it passes common links in one piece. */
const REPLY_TARGET = 1_400;
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
  };
}

/** A round trip of a request that was sent once (Karn's rule). Milliseconds. */
export function learnRtt(tuning: Tuning, rtt: number): void {
  if (tuning.smoothedRtt === null) {
    tuning.smoothedRtt = rtt;
    tuning.rttVariation = rtt / 2;
  } else {
    tuning.rttVariation = 0.75 * tuning.rttVariation + 0.25 * Math.abs(tuning.smoothedRtt - rtt);
    tuning.smoothedRtt = 0.875 * tuning.smoothedRtt + 0.125 * rtt;
  }
  tuning.timeout = Math.min(MAX_TIMEOUT, Math.max(MIN_TIMEOUT, tuning.smoothedRtt + 4 * tuning.rttVariation));
}

export function backOff(tuning: Tuning): void {
  tuning.timeout = Math.min(MAX_TIMEOUT, tuning.timeout * 2);
}

/** After the last try: a device that is away says nothing about the way to it. */
export function forgetBackOff(tuning: Tuning): void {
  tuning.timeout =
    tuning.smoothedRtt === null
      ? START_TIMEOUT
      : Math.min(MAX_TIMEOUT, Math.max(MIN_TIMEOUT, tuning.smoothedRtt + 4 * tuning.rttVariation));
}

/** How many columns and repetitions to ask for now, so that the reply fits. */
export function bulkPlan(tuning: Tuning, wanted: number): { columns: number; repetitions: number } {
  const size = tuning.octetsPerVarbind;
  const fit = size === 0 ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(REPLY_TARGET / size));
  const columns = Math.min(wanted, tuning.columns, fit);
  if (tuning.method === 'next') return { columns, repetitions: 1 };
  return { columns, repetitions: Math.max(1, Math.min(tuning.repetitions, Math.floor(fit / columns))) };
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
  else if (tuning.method === 'bulk' && tuning.repetitions < START_REPETITIONS) tuning.repetitions++;
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
