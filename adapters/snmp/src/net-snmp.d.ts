/** The part of the foreign peer (npm net-snmp, tests and benchmarks only) that they use; it ships no types. */
declare module 'net-snmp' {
  export const Version2c: number;
  export const Version3: number;
  export const ObjectType: { readonly EndOfMibView: number };
  export const SecurityLevel: { readonly authPriv: number };
  export const AuthProtocols: { readonly sha: string };
  export const PrivProtocols: { readonly aes: string };
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
    /** The answers to each repeater. */
    getBulk(
      oids: readonly string[],
      nonRepeaters: number,
      maxRepetitions: number,
      done: (error: Error | null, answers: readonly (readonly Varbind[])[]) => void,
    ): void;
    on(event: 'error', listener: (error: Error) => void): void;
    close(): void;
  }
  interface Options {
    readonly port: number;
    readonly version: number;
  }
  export interface User {
    readonly name: string;
    readonly level: number;
    readonly authProtocol: string;
    readonly authKey: string;
    readonly privProtocol: string;
    readonly privKey: string;
  }
  export function createSession(host: string, community: string, options: Options): Session;
  export function createV3Session(host: string, user: User, options: Options): Session;
}
