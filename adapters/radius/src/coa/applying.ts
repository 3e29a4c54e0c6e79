import type { ApplyResult, DeviceTarget, OperationContext } from '@dotmac/device';
import type { SharedSecret } from '../packet/shared-secret.ts';
import type { CoaClient, DynamicAuthorizationResult } from './client.ts';
import type { RadiusCredential } from './credential.ts';
import type { PlannedRequest } from './planning.ts';

/** Sends the requests in order; a CoA that is refused or unanswered falls back to Disconnect. */
export async function applyRequests(
  client: CoaClient,
  target: DeviceTarget,
  credential: RadiusCredential,
  secret: SharedSecret,
  requests: readonly PlannedRequest[],
  disconnect: PlannedRequest,
  context: OperationContext,
): Promise<ApplyResult> {
  const steps: { ref: string; ok: boolean; message: string }[] = [];
  const attempt = async (request: PlannedRequest): Promise<DynamicAuthorizationResult> => {
    const result = await client.send({
      host: target.host,
      port: target.port,
      secret,
      kind: request.kind,
      attributes: request.attributes,
      messageAuthenticator: credential.messageAuthenticator ?? true,
      signal: context.signal,
      ...(credential.dictionary === undefined ? {} : { dictionary: credential.dictionary }),
      ...(credential.connection === undefined ? {} : { connection: credential.connection() }),
      ...(credential.onPacket === undefined ? {} : { onPacket: credential.onPacket }),
    });
    credential.onAttempt?.({
      operationId: context.operationId,
      kind: request.kind,
      attributes: request.attributes,
      result,
    });
    steps.push({ ref: request.step.ref, ok: result.outcome === 'ACK', message: report(request, result) });
    return result;
  };
  let skipped = false;
  let acknowledged = 0;
  for (const request of requests) {
    const result = await attempt(request);
    if (result.outcome === 'ACK') {
      acknowledged++;
      continue;
    }
    // A session that is gone takes up what is wanted when it comes back.
    if (result.errorCause?.meaning === 'SESSION_GONE') return { outcome: 'noop', steps };
    if (result.outcome === 'NAK' && request.optional) {
      skipped = true;
      continue;
    }
    if (request.kind === 'Disconnect' || result.outcome === 'NOT_CONNECTED')
      return { outcome: failureOf(result, acknowledged), steps };
    const fallback = await attempt(disconnect);
    if (fallback.outcome === 'ACK') return { outcome: 'applied', steps };
    if (fallback.errorCause?.meaning === 'SESSION_GONE') return { outcome: 'noop', steps };
    const unclear = isUnclear(result) ? result : fallback;
    return { outcome: failureOf(unclear, acknowledged), steps };
  }
  if (requests.length === 0) return { outcome: 'noop', steps };
  return { outcome: skipped ? 'partially_applied' : 'applied', steps };
}

/** Silence leaves the state unknown; a refusal leaves it as it was, but for what was acknowledged before. */
function failureOf(result: DynamicAuthorizationResult, acknowledged: number): ApplyResult['outcome'] {
  if (isUnclear(result)) return 'unknown';
  return acknowledged > 0 ? 'partially_applied' : 'rolled_back';
}

/** Whether the NAS may have acted all the same. */
function isUnclear({ outcome }: DynamicAuthorizationResult): boolean {
  return outcome === 'TIMEOUT' || outcome === 'CONNECTION_LOST';
}

function report(request: PlannedRequest, result: DynamicAuthorizationResult): string {
  const cause = result.errorCause === null ? '' : ` (${result.errorCause.code} ${result.errorCause.name})`;
  if (result.outcome === 'NOT_CONNECTED')
    return `${request.kind}-Request: NOT_CONNECTED, the NAS keeps no connection to send it over`;
  const times = result.transmissions === 1 ? 'sent once' : `sent ${result.transmissions} times`;
  return `${request.kind}-Request: ${result.outcome}${cause} after ${result.elapsedMs} ms, ${times}`;
}
