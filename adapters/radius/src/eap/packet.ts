/** EAP codes and types (RFC 3748 §4, §5). */
export const eapCodes = { request: 1, response: 2, success: 3, failure: 4 } as const;
export const eapTypes = {
  identity: 1,
  notification: 2,
  nak: 3,
  md5: 4,
  tls: 13,
  ttls: 21,
  peap: 25,
  msChapV2: 26,
  tlv: 33,
} as const;

export interface EapPacket {
  readonly code: number;
  readonly identifier: number;
  /** Null for Success and Failure. */
  readonly type: number | null;
  /** What follows the type. */
  readonly data: Buffer;
}

/** Reads an EAP packet; null when its length is wrong. */
export function parseEap(octets: Buffer): EapPacket | null {
  if (octets.length < 4) return null;
  const length = octets.readUInt16BE(2);
  if (length < 4 || length > octets.length) return null;
  return {
    code: octets[0] as number,
    identifier: octets[1] as number,
    type: length > 4 ? (octets[4] as number) : null,
    data: octets.subarray(Math.min(5, length), length),
  };
}

/** Writes a request or response. */
export function eapPacket(code: number, identifier: number, type: number, data: Uint8Array): Buffer {
  const out = Buffer.alloc(5 + data.length);
  out[0] = code;
  out[1] = identifier;
  out.writeUInt16BE(out.length, 2);
  out[4] = type;
  out.set(data, 5);
  return out;
}

/** Success or Failure. */
export function eapResult(success: boolean, identifier: number): Buffer {
  return Buffer.from([success ? eapCodes.success : eapCodes.failure, identifier, 0, 4]);
}
