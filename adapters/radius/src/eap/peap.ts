import type { AccessDecision } from '../server/policy.ts';
import { type EapMethod, type Judge, type MethodStep, refused } from './method.ts';
import { eapMsChapV2 } from './ms-chap-v2.ts';
import { eapCodes, eapPacket, eapTypes, parseEap } from './packet.ts';
import { eapOverTls } from './tls.ts';
import type { EapTlsOptions, TlsChannel } from './tls-channel.ts';

/** Result TLV, mandatory (draft-josefsson-pppext-eap-tls-eap-10 §2.3.1): 1 success, 2 failure. */
const resultTlv = (success: boolean) => Buffer.from([0x80, 3, 0, 2, 0, success ? 1 : 2]);

/** PEAP version 0 with MS-CHAPv2 inside, as Windows and wpa_supplicant speak it: inner packets go without their header. */
export function eapPeap(options: EapTlsOptions, serverName: string): EapMethod {
  const inner = eapMsChapV2('PEAP-MSCHAPV2', serverName);
  let state: 'IDENTITY' | 'METHOD' | 'RESULT' = 'IDENTITY';
  let identity = '';
  let decision: AccessDecision | null = null;
  let identifier = 0;

  const sendResult = async (channel: TlsChannel, ended: AccessDecision): Promise<null> => {
    decision = ended;
    state = 'RESULT';
    identifier = (identifier + 1) & 255;
    await channel.send(
      eapPacket(eapCodes.request, identifier, eapTypes.tlv, resultTlv(ended.kind === 'ACCEPT')),
    );
    return null;
  };
  const respondInner = async (
    channel: TlsChannel,
    data: Buffer,
    judge: Judge,
  ): Promise<MethodStep | null> => {
    const step = await inner.respond(data, (name, credential) =>
      judge(name === '' ? identity : name, credential),
    );
    if (step.kind === 'DONE')
      return step.decision.kind === 'DISCARD' ? step : sendResult(channel, step.decision);
    await channel.send(Buffer.concat([Buffer.from([eapTypes.msChapV2]), step.data]));
    return null;
  };
  return eapOverTls(eapTypes.peap, 0, options, false, {
    begin: async (channel) => {
      await channel.send(Buffer.from([eapTypes.identity]));
    },
    received: async (channel, data, judge) => {
      if (state === 'RESULT' && decision !== null) {
        const agreed = parseEap(data);
        const success = agreed?.type === eapTypes.tlv && agreed.data.equals(resultTlv(true));
        if (decision.kind === 'ACCEPT' && !success) return refused('PEER_REFUSED_SERVER');
        const masterKey = decision.kind === 'ACCEPT' ? channel.export(64, 'client EAP encryption') : null;
        return { kind: 'DONE', decision, masterKey };
      }
      const type = data[0];
      const content = data.subarray(1);
      if (state === 'IDENTITY' && type === eapTypes.identity) {
        identity = content.toString('utf8');
        state = 'METHOD';
        await channel.send(Buffer.concat([Buffer.from([eapTypes.msChapV2]), inner.start()]));
        return null;
      }
      if (state === 'METHOD' && type === eapTypes.msChapV2) return respondInner(channel, content, judge);
      return refused(type === eapTypes.nak ? 'PEAP_METHOD_UNSUPPORTED' : 'EAP_MALFORMED');
    },
  });
}
