import {
  type CustomerLink,
  DeviceError,
  type DeviceSession,
  type ForwardingEntry,
  type LocalSystem,
  type ModelName,
  type ModelOf,
  type Neighbor,
  type OperationContext,
  type ResolvedAddress,
} from '@dotmac/device';

/** Values of a model with the object that gave them. */
interface Read<T> {
  readonly values: readonly T[];
  readonly source: string;
}

/** Whom a device hears and serves. Null: not asked, not answered, or broken off half-way; then nothing is known anew. */
export interface SurveyReading {
  readonly localSystem: LocalSystem | null;
  readonly neighbors: Read<Neighbor> | null;
  readonly forwarding: Read<ForwardingEntry> | null;
  readonly addresses: Read<ResolvedAddress> | null;
  readonly customers: Read<CustomerLink> | null;
  /** Milliseconds since the epoch. */
  readonly observedAt: number;
}

/** Parts of a survey, which are not all due at the same time. */
export interface SurveyParts {
  readonly surroundings: boolean;
  readonly addresses: boolean;
  readonly customers: boolean;
}

/** More than any bridge of an access network learns; the rest of a table says nothing more of subscribers. */
const mostRows = 20_000;

/**
 * Reads what is due over the first protocol that has it; a protocol that has not says so.
 * @throws what is not a `DeviceError`.
 */
export async function readSurvey(
  sessions: readonly (() => Promise<DeviceSession>)[],
  parts: SurveyParts,
  context: OperationContext,
): Promise<SurveyReading> {
  const first = async <M extends ModelName>(model: M, wanted: boolean): Promise<Read<ModelOf[M]> | null> => {
    if (!wanted) return null;
    for (const open of sessions) {
      const read = await readModel(open, model, context);
      if (read === 'UNSUPPORTED') continue;
      if (read === null || read.values.length > 0 || open === sessions.at(-1)) return read;
    }
    return null;
  };
  const local = await first('localSystem', parts.surroundings);
  return {
    localSystem: local?.values[0] ?? null,
    neighbors: await first('neighbor', parts.surroundings),
    forwarding: await first('forwardingEntry', parts.surroundings),
    addresses: await first('resolvedAddress', parts.addresses),
    customers: await first('customerLink', parts.customers),
    observedAt: context.clock.now(),
  };
}

async function readModel<M extends ModelName>(
  open: () => Promise<DeviceSession>,
  model: M,
  context: OperationContext,
): Promise<Read<ModelOf[M]> | null | 'UNSUPPORTED'> {
  const values: ModelOf[M][] = [];
  let source = '';
  try {
    const session = await open();
    for await (const one of session.read(model, context)) {
      source = one.source;
      if (values.push(one.value) >= mostRows) break;
    }
    return { values, source };
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    return error.code === 'CAPABILITY_UNSUPPORTED' ? 'UNSUPPORTED' : null;
  }
}
