import type { Delivery } from '../subscription/outbox.ts';

/** A whole text message in one frame, as a server sends it: not masked (RFC 6455, section 5.2). */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const start = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(start + length);
  // FIN, opcode text.
  frame[0] = 0x81;
  if (start === 2) frame[1] = length;
  else if (start === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.write(text, start);
  return frame;
}

/** The last frame made of a delivery: clients with equal operation ids take the same octets. */
const frames = new WeakMap<Delivery, { readonly key: string; readonly frame: Buffer }>();

/** The frame of a message `next`. `key` is the operation's id as JSON. */
export function nextFrame(delivery: Delivery, key: string): Buffer {
  const known = frames.get(delivery);
  if (known?.key === key) return known.frame;
  const frame = textFrame(`{"id":${key},"type":"next","payload":${delivery.text}}`);
  frames.set(delivery, { key, frame });
  return frame;
}
