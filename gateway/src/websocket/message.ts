/** Messages of a client in graphql-transport-ws (PROTOCOL.md of graphql-ws). */
export type ClientMessage =
  | { readonly type: 'connection_init'; readonly payload: Payload }
  | { readonly type: 'ping'; readonly payload: Payload }
  | { readonly type: 'pong' }
  | { readonly type: 'subscribe'; readonly id: string; readonly payload: unknown }
  | { readonly type: 'complete'; readonly id: string };

export type Payload = Readonly<Record<string, unknown>>;

const longestId = 128;

/** The message, or what is wrong with it. */
export function parseMessage(
  text: string,
): ClientMessage | { readonly type: 'invalid'; readonly reason: string } {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return invalid('The message is no JSON');
  }
  if (!isObject(message)) return invalid('The message is no JSON object');
  const { type, id, payload } = message;
  switch (type) {
    case 'connection_init':
    case 'ping':
      if (payload !== undefined && payload !== null && !isObject(payload))
        return invalid(`"${type}" has a payload that is no object`);
      return { type, payload: isObject(payload) ? payload : {} };
    case 'pong':
      return { type };
    case 'subscribe':
    case 'complete':
      if (typeof id !== 'string' || id === '' || id.length > longestId) {
        return invalid(`"${type}" needs an "id" of 1 to ${longestId} characters`);
      }
      if (type === 'complete') return { type, id };
      return isObject(payload) ? { type, id, payload } : invalid('"subscribe" needs a payload');
    default:
      return invalid('The message has no known "type"');
  }
}

function invalid(reason: string) {
  return { type: 'invalid', reason } as const;
}

function isObject(value: unknown): value is Payload {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
