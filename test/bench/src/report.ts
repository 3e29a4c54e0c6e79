/** One measured figure. With a peer, `ratio` says how many times better we are; above 1 is in our favour. */
interface Figure {
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
  readonly peer?: string;
  readonly peerValue?: number;
  readonly ratio?: number;
}

export interface Report {
  /** Prints the figure as one JSON line. */
  figure(figure: Figure): void;
  /** Says what was left out and why, or how far the run is: to the standard error. */
  note(text: string): void;
}

export function createReport(bench: string): Report {
  return {
    figure: (figure) => console.log(JSON.stringify({ bench, ...figure })),
    note: (text) => console.error(`${bench}: ${text}`),
  };
}
