import { randomBytes } from 'node:crypto';
import { msChapErrorText } from '../authentication/ms-chap.ts';
import type { MsChapV2Credential } from '../authentication/presented.ts';
import type { AccessDecision } from '../server/policy.ts';
import { type EapMethod, type Judge, type MethodStep, refused } from './method.ts';
import { eapTypes } from './packet.ts';

const opCodes = { challenge: 1, response: 2, success: 3, failure: 4 } as const;

/** EAP-MSCHAPv2 (draft-kamath-pppext-eap-mschapv2), by itself or inside PEAP. */
export function eapMsChapV2(method: MsChapV2Credential['method'], serverName: string): EapMethod {
  const challenge = randomBytes(16);
  const identifier = randomBytes(1)[0] as number;
  let decision: AccessDecision | null = null;
  let masterKey: Buffer | null = null;

  const message = (opCode: number, content: Uint8Array): Buffer => {
    const out = Buffer.alloc(4 + content.length);
    out[0] = opCode;
    out[1] = identifier;
    out.writeUInt16BE(out.length, 2);
    out.set(content, 4);
    return out;
  };
  const answer = async (data: Buffer, judge: Judge): Promise<MethodStep> => {
    if (data.length < 54 || data[4] !== 49) return refused('EAP_MALFORMED');
    const userName = data.toString('utf8', 54);
    const credential: MsChapV2Credential = {
      method,
      userName,
      challenge,
      peerChallenge: data.subarray(5, 21),
      ntResponse: data.subarray(29, 53),
      success: null,
    };
    decision = await judge(userName, credential);
    if (decision.kind === 'DISCARD') return { kind: 'DONE', decision, masterKey: null };
    const { success } = credential;
    if (decision.kind === 'REJECT' || success === null) {
      if (decision.kind === 'ACCEPT') decision = { kind: 'REJECT', reason: 'PASSWORD_NOT_VERIFIED' };
      const code = decision.kind === 'REJECT' ? (decision.msChapError ?? 691) : 691;
      const text = msChapErrorText(
        code,
        randomBytes(16),
        code === 648 ? 'Password expired' : 'Login refused',
      );
      return { kind: 'REQUEST', data: message(opCodes.failure, Buffer.from(text)) };
    }
    masterKey = Buffer.concat([success.receive, success.send, Buffer.alloc(32)]);
    return { kind: 'REQUEST', data: message(opCodes.success, Buffer.from(`${success.text} M=OK`)) };
  };
  return {
    type: eapTypes.msChapV2,
    start: () =>
      message(opCodes.challenge, Buffer.concat([Buffer.from([16]), challenge, Buffer.from(serverName)])),
    respond: (data, judge) => {
      if (decision === null)
        return data[0] === opCodes.response ? answer(data, judge) : refused('EAP_MALFORMED');
      // The peer has seen our result; only its agreement makes a success one.
      const agreed = data[0] === opCodes.success && decision.kind === 'ACCEPT';
      if (agreed) return { kind: 'DONE', decision, masterKey };
      return decision.kind === 'REJECT'
        ? { kind: 'DONE', decision, masterKey: null }
        : refused('PEER_REFUSED_SERVER');
    },
    close: () => {},
  };
}
