import { DeviceError, type OperationContext } from '@dotmac/device';
import type { TrapError } from './errors.ts';
import type { Row } from './reply.ts';
import { isWrite } from './sentence.ts';

export interface ConnectionLimits {
  /** Commands the device works on at once; streams are not counted. Small boards stand 4, large ones 16. */
  readonly maxInFlight: number;
  /** Commands waiting for their turn; one more is refused with `DEVICE_BUSY`. */
  readonly maxQueued: number;
  /** Rows a stream holds for a slow consumer before the socket is paused. */
  readonly maxStreamRows: number;
  /** How long a cancelled command may stay without its `!done` before the connection is given up. */
  readonly cancelGraceMs: number;
}

export const defaultConnectionLimits: ConnectionLimits = {
  maxInFlight: 4,
  maxQueued: 256,
  maxStreamRows: 1024,
  cancelGraceMs: 10_000,
};

export interface CommandOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds from the call to the answer, waiting for a turn included. */
  readonly deadlineMs?: number;
  /** Who goes first when commands wait for their turn; `poll` when not given. */
  readonly priority?: OperationContext['priority'];
}

export interface CommandResult {
  readonly rows: readonly Row[];
  /** `=ret=` of `!done`: the id of an `add`, the number of a `count-only`. */
  readonly ret: string | null;
}

/** A command on its way. */
export interface Command {
  readonly words: readonly string[];
  readonly onRow: (row: Row) => void;
  readonly stream: boolean;
  readonly rank: number;
  readonly traps: TrapError[];
  /** Null while it waits for its turn. */
  tag: string | null;
  /** The caller has his answer; the tag is kept until the device ends it. */
  settled: boolean;
  settle(error: Error | null, done: Row): void;
}

/** How the peer behaved, for metrics. */
export interface ConnectionStatistics {
  /** Connections opened. */
  connections: number;
  unknownReplies: number;
  repliesWithoutCommand: number;
}

const ranks = { interactive: 0, provision: 1, poll: 2, bulk: 3 } as const;

/** The place of a priority in the queue; lower goes first. */
export function rankOf(priority: CommandOptions['priority']): number {
  return ranks[priority ?? 'poll'];
}

/** `/cancel` of a tag: nobody waits for its answer. */
export function cancelCommand(tag: string): Command {
  return {
    words: ['/cancel', `=tag=${tag}`],
    onRow: () => {},
    stream: true,
    rank: 0,
    traps: [],
    tag: null,
    settled: true,
    settle: () => {},
  };
}

/** A failure of the connection as it concerns one command that was sent. */
export function failureOf(command: Command, failure: DeviceError): DeviceError {
  const path = command.words[0] as string;
  return new DeviceError(failure.code, `${path}: ${failure.message}`, {
    maybeApplied: isWrite(path),
    ...(failure.native === undefined ? {} : { native: failure.native }),
    cause: failure,
  });
}

/** Why a caller gets no answer any more; a write that was sent may have been done. */
export function abandonedError(
  code: 'CANCELLED' | 'DEADLINE_EXCEEDED',
  text: string,
  path: string,
  sent: boolean,
): DeviceError {
  return new DeviceError(code, `${path} ${text}`, { maybeApplied: sent && isWrite(path) });
}
