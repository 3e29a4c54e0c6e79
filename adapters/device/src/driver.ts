import type { Capability } from './capability.ts';
import type { Clock } from './clock.ts';
import type { DeviceIdentity, DeviceInterface, ModelName, ModelOf, Observed } from './models.ts';
import type { ApplyResult, DesiredState, Plan, Verification } from './plan.ts';

/** Where a device is. The meaning of `host` and `port` is the protocol's. */
export interface DeviceTarget {
  readonly id: string;
  readonly host: string;
  readonly port: number;
}

/** Carried through every call to a device. */
export interface OperationContext {
  /** Ends the call; the driver cancels on the wire where the protocol can. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly priority: 'interactive' | 'provision' | 'poll' | 'bulk';
  /** Names the operation in logs and on the device's own records. */
  readonly operationId: string;
}

export interface DeviceFacts {
  readonly identity: DeviceIdentity;
  readonly capabilities: readonly Capability[];
  /** Ids of the profiles its readings come from, for drivers that have such. */
  readonly profiles?: readonly string[];
}

/** `resync`: forget what you hold and take the following as the whole. `gap`: something was missed. */
export type StreamEvent<T> =
  | { readonly kind: 'snapshot' | 'upsert' | 'remove'; readonly item: Observed<T> }
  | { readonly kind: 'resync' | 'gap'; readonly reason: string };

/**
 * One per device: owns the connection, its limits and its recovery.
 * Every method throws `DeviceError` for expected failures and nothing else.
 */
export interface DeviceSession {
  readonly target: DeviceTarget;
  probe(context: OperationContext): Promise<DeviceFacts>;
  /**
   * The cheapest question there is, for a device that did not answer: resolves at any word of it, else rejects as every method
   * does. `tries` is how often it is sent. A driver without it is asked for the health instead.
   */
  alive?(context: OperationContext, tries: number): Promise<void>;
  /**
   * Rows of one model; a driver without the model throws `CAPABILITY_UNSUPPORTED`. `PARTIAL_FAILURE` after rows: those are good,
   * and one that is missing means nothing.
   */
  read<M extends ModelName>(model: M, context: OperationContext): AsyncIterable<Observed<ModelOf[M]>>;
  /** One port by its `stableKey`, at less cost than all of them; null when there is no such port. */
  readPort?(stableKey: string, context: OperationContext): Promise<Observed<DeviceInterface> | null>;
  stream?<M extends ModelName>(model: M, context: OperationContext): AsyncIterable<StreamEvent<ModelOf[M]>>;
  /** Reads what is and says what would change; never writes. */
  plan(desired: DesiredState, context: OperationContext): Promise<Plan>;
  apply(plan: Plan, context: OperationContext): Promise<ApplyResult>;
  /** Reads back and compares with what is wanted. */
  verify(desired: DesiredState, context: OperationContext): Promise<Verification>;
  close(): Promise<void>;
}

/** A protocol. `Credential` is the driver's own; secrets arrive unsealed and are never logged. */
export interface DeviceDriver<Credential = unknown> {
  readonly protocol: 'snmp' | 'routeros' | 'radius';
  open(target: DeviceTarget, credential: Credential): DeviceSession;
}
