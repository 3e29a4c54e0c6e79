/** The part of the foreign peer (npm net-snmp, tests only) that tests use; it ships no types. */
declare module 'net-snmp' {
  export const Version2c: number;
  export interface Varbind {
    readonly oid: string;
    readonly type: number;
    readonly value: unknown;
  }
  export interface Session {
    subtree(
      oid: string,
      maxRepetitions: number,
      feed: (varbinds: readonly Varbind[]) => void,
      done: (error: Error | null) => void,
    ): void;
    close(): void;
  }
  export function createSession(
    host: string,
    community: string,
    options: { port: number; version: number },
  ): Session;
}
