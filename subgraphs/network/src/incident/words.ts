import type { Finding, IncidentKind, ProofOfLife } from './rules.ts';

type NameOf = (deviceId: string) => string;

export function summaryOf(kind: IncidentKind, rootName: string): string {
  return kind === 'OUTAGE' ? `${rootName} is down` : `${rootName} does not answer, yet it works`;
}

export function proofInWords(proof: ProofOfLife, nameOf: NameOf): string {
  if (proof.by === 'SESSION')
    return `the session of ${proof.username} goes on through ${nameOf(proof.deviceId)}`;
  if (proof.by === 'REACH') return `the host of ${nameOf(proof.deviceId)} is reachable`;
  return `${nameOf(proof.deviceId)}, which has no other way, answers`;
}

export function changeInWords(
  before: { readonly state: string; readonly kind: string; readonly rootDeviceId: string },
  finding: Finding,
  nameOf: NameOf,
): string | null {
  if (before.rootDeviceId !== finding.rootId) return `the cause is ${nameOf(finding.rootId)}`;
  if (before.kind !== finding.kind)
    return finding.kind === 'OUTAGE' ? 'nothing is heard of it any more' : 'something is heard of it';
  if (before.state === 'CLEARING') return `${nameOf(finding.rootId)} is silent again`;
  if (before.state === 'SUSPECTED' && finding.confirmed) return `confirmed: ${nameOf(finding.rootId)}`;
  return null;
}
