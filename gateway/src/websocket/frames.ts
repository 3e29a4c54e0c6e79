import type { Delivery } from '../subscription/outbox.ts';

type Sent = Pick<Delivery, 'text'>;

/** Octets of a delivery's result, encoded once for all who get it. */
const encoded = new WeakMap<Sent, Buffer>();
/** What the last of those who got the same deliveries was sent, and under which id: many clients call theirs alike. */
const lastFrames = new WeakMap<readonly Sent[], { readonly key: string; readonly frames: Buffer }>();

/**
 * The messages `next` of these deliveries as whole WebSocket frames (RFC 6455, section 5.2; a server does not mask), to be
 * written as they are. `key` is the operation's id as JSON. The octets may be shared and must not be changed.
 */
export function nextFrames(key: string, deliveries: readonly Sent[]): Buffer {
  const last = lastFrames.get(deliveries);
  if (last?.key === key) return last.frames;
  const start = Buffer.from(`{"id":${key},"type":"next","payload":`);
  let size = 0;
  for (const delivery of deliveries) size += frameSize(start.length + payloadOf(delivery).length + 1);
  const frames = Buffer.allocUnsafe(size);
  let at = 0;
  for (const delivery of deliveries) {
    const payload = payloadOf(delivery);
    at = writeHeader(frames, at, start.length + payload.length + 1);
    at += start.copy(frames, at);
    at += payload.copy(frames, at);
    frames[at++] = 0x7d; // }
  }
  lastFrames.set(deliveries, { key, frames });
  return frames;
}

function payloadOf(delivery: Sent): Buffer {
  let payload = encoded.get(delivery);
  if (payload === undefined) {
    payload = Buffer.from(delivery.text);
    encoded.set(delivery, payload);
  }
  return payload;
}

function frameSize(payload: number): number {
  return payload + (payload < 126 ? 2 : payload < 65_536 ? 4 : 10);
}

/** Header of one whole text frame. Returns where its payload begins. */
function writeHeader(frames: Buffer, start: number, length: number): number {
  frames[start] = 0x81;
  if (length < 126) {
    frames[start + 1] = length;
    return start + 2;
  }
  if (length < 65_536) {
    frames[start + 1] = 126;
    return frames.writeUInt16BE(length, start + 2);
  }
  frames[start + 1] = 127;
  return frames.writeBigUInt64BE(BigInt(length), start + 2);
}
