import { integerContent, oidContent, parseArcs, type WireValue } from './ber.ts';

/** A value of a described object. `wave` swings around a mean, `perSecond` grows with time since the start. */
export type LabValue =
  | { readonly type: 'integer' | 'gauge32'; readonly value: number }
  | {
      readonly type: 'integer' | 'gauge32';
      readonly wave: { mean: number; amplitude: number; periodSeconds: number };
    }
  | { readonly type: 'counter32' | 'counter64'; readonly start: bigint; readonly perSecond: number }
  | { readonly type: 'timeTicks'; readonly startSeconds: number }
  | { readonly type: 'string' | 'oid' | 'ipAddress'; readonly value: string }
  | { readonly type: 'bytes'; readonly hex: string };

const tags = { integer: 0x02, gauge32: 0x42, counter32: 0x41, counter64: 0x46 } as const;

export const integer = (value: number): WireValue => ({ tag: 0x02, content: integerContent(BigInt(value)) });
export const gauge32 = (value: number): WireValue => ({ tag: 0x42, content: integerContent(BigInt(value)) });
export const counter32 = (value: bigint): WireValue => ({
  tag: 0x41,
  content: integerContent(BigInt.asUintN(32, value)),
});
export const counter64 = (value: bigint): WireValue => ({
  tag: 0x46,
  content: integerContent(BigInt.asUintN(64, value)),
});
export const timeTicks = (seconds: number): WireValue => ({
  tag: 0x43,
  content: integerContent(BigInt.asUintN(32, BigInt(Math.floor(seconds * 100)))),
});
export const text = (value: string): WireValue => ({ tag: 0x04, content: Buffer.from(value, 'utf8') });
export const bytes = (content: Uint8Array): WireValue => ({ tag: 0x04, content: Buffer.from(content) });
export const oid = (value: string): WireValue => ({ tag: 0x06, content: oidContent(parseArcs(value)) });

/** The value at `seconds` since the agent started. */
export function valueAt(value: LabValue, seconds: number): WireValue {
  switch (value.type) {
    case 'integer':
    case 'gauge32': {
      if ('value' in value) return { tag: tags[value.type], content: integerContent(BigInt(value.value)) };
      const { mean, amplitude, periodSeconds } = value.wave;
      const now = Math.round(mean + amplitude * Math.sin((2 * Math.PI * seconds) / periodSeconds));
      return { tag: tags[value.type], content: integerContent(BigInt(now)) };
    }
    case 'counter32':
    case 'counter64': {
      const now = value.start + BigInt(Math.floor(value.perSecond * seconds));
      return value.type === 'counter32' ? counter32(now) : counter64(now);
    }
    case 'timeTicks':
      return timeTicks(value.startSeconds + seconds);
    case 'string':
      return text(value.value);
    case 'oid':
      return oid(value.value);
    case 'ipAddress':
      return { tag: 0x40, content: Buffer.from(value.value.split('.').map(Number)) };
    case 'bytes':
      return bytes(Buffer.from(value.hex, 'hex'));
  }
}
