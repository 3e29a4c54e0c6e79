/** What a server has done since it started. */
export interface ServerCounters {
  accessRequests: number;
  accessAccepts: number;
  accessRejects: number;
  accessChallenges: number;
  accountingRequests: number;
  accountingResponses: number;
  accountingShed: number;
  statusRequests: number;
  duplicates: number;
  /** Dropped without an answer: malformed, unknown NAS, bad authenticator, refused by policy. */
  discarded: number;
}

export function createCounters(): ServerCounters {
  return {
    accessRequests: 0,
    accessAccepts: 0,
    accessRejects: 0,
    accessChallenges: 0,
    accountingRequests: 0,
    accountingResponses: 0,
    accountingShed: 0,
    statusRequests: 0,
    duplicates: 0,
    discarded: 0,
  };
}
