import { microsoft } from '../authentication/method.ts';
import type { MsChapV2Credential } from '../authentication/presented.ts';
import { equalBytes } from '../packet/authenticator.ts';
import type { AccessDecision } from '../server/policy.ts';
import { type EapMethod, type Judge, type MethodStep, refused } from './method.ts';
import { eapTypes } from './packet.ts';
import { eapOverTls } from './tls.ts';
import type { EapTlsOptions, TlsChannel } from './tls-channel.ts';

const avpCodes = { userName: 1, userPassword: 2, msChap2Success: 26 } as const;

/** EAP-TTLS (RFC 5281) version 0 with PAP or MS-CHAPv2 inside. */
export function eapTtls(options: EapTlsOptions): EapMethod {
  let accepted: AccessDecision | null = null;
  const done = (channel: TlsChannel, decision: AccessDecision): MethodStep => ({
    kind: 'DONE',
    decision,
    masterKey: decision.kind === 'ACCEPT' ? channel.export(64, 'ttls keying material') : null,
  });
  const judgeMsChapV2 = async (
    channel: TlsChannel,
    userName: string,
    response: Buffer,
    challenge: Buffer,
    judge: Judge,
  ): Promise<MethodStep | null> => {
    // The challenge is not sent but derived (RFC 5281 §11.2.4), so that the proof belongs to this tunnel.
    const implicit = channel.export(17, 'ttls challenge');
    const genuine = equalBytes(challenge, implicit.subarray(0, 16)) && response[0] === implicit[16];
    if (response.length !== 50 || !genuine) return refused('EAP_MALFORMED');
    const credential: MsChapV2Credential = {
      method: 'TTLS-MSCHAPV2',
      userName,
      challenge,
      peerChallenge: response.subarray(2, 18),
      ntResponse: response.subarray(26, 50),
      success: null,
    };
    const decision = await judge(userName, credential);
    if (decision.kind !== 'ACCEPT' || credential.success === null) return done(channel, decision);
    accepted = decision;
    const value = Buffer.concat([response.subarray(0, 1), Buffer.from(credential.success.text)]);
    await channel.send(writeAvp(avpCodes.msChap2Success, microsoft.vendor, value));
    return null;
  };
  return eapOverTls(eapTypes.ttls, 0, options, false, {
    received: async (channel, data, judge) => {
      // With MS-CHAPv2 the peer acknowledges our proof by an empty packet.
      if (accepted !== null) return done(channel, accepted);
      if (data.length === 0) return null;
      const avps = readAvps(data);
      if (avps === null) return refused('EAP_MALFORMED');
      const value = (code: number, vendor = 0) =>
        avps.find((avp) => avp.code === code && avp.vendor === vendor)?.value;
      const userName = value(avpCodes.userName)?.toString('utf8');
      if (userName === undefined) return refused('EAP_MALFORMED');
      const password = value(avpCodes.userPassword);
      if (password !== undefined) {
        let end = password.length;
        while (end > 0 && password[end - 1] === 0) end--;
        const shown = { method: 'TTLS-PAP', password: password.subarray(0, end) } as const;
        return done(channel, await judge(userName, shown));
      }
      const response = value(microsoft.response2, microsoft.vendor);
      const challenge = value(microsoft.challenge, microsoft.vendor);
      if (response === undefined || challenge === undefined) return refused('TTLS_METHOD_UNSUPPORTED');
      return judgeMsChapV2(channel, userName, response, challenge, judge);
    },
  });
}

interface Avp {
  readonly code: number;
  readonly vendor: number;
  readonly value: Buffer;
}

/** Reads Diameter AVPs (RFC 5281 §10.1); null when lengths do not add up. */
function readAvps(data: Buffer): Avp[] | null {
  const out: Avp[] = [];
  for (let at = 0; at < data.length; ) {
    if (at + 8 > data.length) return null;
    const withVendor = ((data[at + 4] as number) & 0x80) !== 0;
    const length = data.readUIntBE(at + 5, 3);
    const head = withVendor ? 12 : 8;
    if (length < head || at + length > data.length) return null;
    out.push({
      code: data.readUInt32BE(at),
      vendor: withVendor ? data.readUInt32BE(at + 8) : 0,
      value: data.subarray(at + head, at + length),
    });
    at += Math.ceil(length / 4) * 4;
  }
  return out;
}

function writeAvp(code: number, vendor: number, value: Uint8Array): Buffer {
  const out = Buffer.alloc(Math.ceil((12 + value.length) / 4) * 4);
  out.writeUInt32BE(code, 0);
  // Vendor-specific and mandatory.
  out[4] = 0xc0;
  out.writeUIntBE(12 + value.length, 5, 3);
  out.writeUInt32BE(vendor, 8);
  out.set(value, 12);
  return out;
}
