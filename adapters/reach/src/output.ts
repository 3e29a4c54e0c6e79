/** What a program said of one host: round trips in milliseconds, null for a lost one. */
export interface Echoes {
  readonly roundTrips: readonly (number | null)[];
  /** A router's word about the way there, such as `ICMP Host Unreachable from 10.1.1.1`. */
  readonly complaint: string | null;
}

/**
 * What `fping -C n -q` writes to its standard error: `192.0.2.1 : 0.42 - 0.40`, a line a host, and complaints of routers in
 * between. Lines of any other form are passed over.
 */
export function parseFping(text: string): ReadonlyMap<string, Echoes> {
  const found = new Map<string, Echoes>();
  const complaints = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const complaint = /^(ICMP .{1,200}?) for ICMP Echo sent to ([0-9a-fA-F.:]+)/.exec(line);
    if (complaint !== null) {
      complaints.set(complaint[2] as string, complaint[1] as string);
      continue;
    }
    const result = /^([0-9a-fA-F.:]+?)\s+:((?:\s+(?:-|\d+(?:\.\d+)?))+)\s*$/.exec(line);
    if (result === null) continue;
    const [, host = '', values = ''] = result;
    const roundTrips = values
      .trim()
      .split(/\s+/)
      .map((value) => (value === '-' ? null : Number(value)));
    found.set(host, { roundTrips, complaint: complaints.get(host) ?? null });
  }
  return found;
}

/**
 * What ping says at its end: iputils, busybox, BSD. Null when it is no statistics at all, as when the program may not open
 * its socket.
 */
export function parsePing(text: string): Echoes | null {
  const counts = /(\d{1,6}) packets transmitted, (\d{1,6}) (?:packets )?received/.exec(text);
  if (counts === null) return null;
  const sent = Number(counts[1]);
  const received = Math.min(sent, Number(counts[2]));
  const fastest = /(?:rtt|round-trip) min\/avg\/max(?:\/\w+)? = (\d+(?:\.\d+)?)\//.exec(text);
  const complaint = /^From (\S{1,60}) (?:icmp_seq=\d+ )?(Destination .{1,80})$/m.exec(text);
  return {
    roundTrips: Array.from({ length: sent }, (_, i) =>
      i < received ? (fastest === null ? 0 : Number(fastest[1])) : null,
    ),
    complaint: complaint === null ? null : `${complaint[2]} from ${complaint[1]}`,
  };
}

/** The fastest round trip, null when none came back. */
export function fastest({ roundTrips }: Echoes): number | null {
  const times = roundTrips.filter((time) => time !== null);
  return times.length === 0 ? null : Math.min(...times);
}
