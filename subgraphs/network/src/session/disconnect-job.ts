import { DeviceError } from '@dotmac/device';
import { appendEvents, type JobHandler } from '@dotmac/platform';
import { ConflictError, NotFoundError, type TenantEvents } from '@dotmac/schema';
import type { NetworkServices } from '../builder.ts';
import type { AccessEnforcement } from '../change/enforcement.ts';
import { disconnect, planDisconnect } from './disconnect.ts';

/** The queue of sessions that are to end. */
export const disconnectQueue = 'network.disconnect-session';

interface Order {
  readonly sessionId: string;
  /** Why, for the record. */
  readonly because: string;
}

/** Ends sessions that something of ours wants ended; each attempt is on record as `session.disconnect.attempted`. */
export function disconnectWorker(
  services: NetworkServices,
  enforcement: AccessEnforcement,
): JobHandler<Order> {
  return {
    queue: disconnectQueue,
    tries: 3,
    concurrency: 8,
    async run({ sessionId, because }) {
      const attempt = await tryToEnd(services, enforcement, sessionId);
      if (attempt === null) return;
      const { serviceId, outcome, evidence } = attempt;
      await services.database.transaction().execute((transaction) =>
        appendEvents<TenantEvents>(transaction, [
          {
            type: 'session.disconnect.attempted',
            subject: serviceId ?? sessionId,
            payload: { sessionId, serviceId, because, outcome, evidence },
            occurredAt: services.clock.now(),
            actor: 'system:network',
          },
        ]),
      );
      if (outcome === 'unknown') throw new Error(`The NAS of session ${sessionId} does not answer`);
    },
  };
}

/** Null when the session has ended by itself. */
async function tryToEnd(
  services: NetworkServices,
  enforcement: AccessEnforcement,
  sessionId: string,
): Promise<{ serviceId: string | null; outcome: string; evidence: string } | null> {
  try {
    const planned = await planDisconnect(services, enforcement, sessionId);
    const { result, verification } = await disconnect(enforcement, planned);
    return {
      serviceId: planned.session.serviceId,
      outcome: result.outcome,
      evidence: `${result.steps.map((step) => step.message).join('; ')}; ${verification.evidence}`,
    };
  } catch (error) {
    if (error instanceof NotFoundError) return null;
    if (error instanceof ConflictError && error.reason === 'SESSION_STOPPED') return null;
    if (error instanceof ConflictError || (error instanceof DeviceError && !error.retryable))
      return { serviceId: null, outcome: 'impossible', evidence: error.message };
    throw error;
  }
}
