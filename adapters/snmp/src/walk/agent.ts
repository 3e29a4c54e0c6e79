import type { Clock } from '@dotmac/device';
import { compareOids, encodeOid } from '../codec/oid.ts';
import { type Pdu, received } from '../codec/pdu.ts';
import type { Varbind } from '../codec/varbinds.ts';
import { Peer } from '../engine/peer.ts';
import type { Security } from '../engine/security.ts';
import { SnmpSession } from '../engine/session.ts';
import type { WalkObject } from './parse.ts';

const END: Varbind['value'] = { type: 'endOfMibView' };

/** A session with the device a walk was taken of, without a network: it answers what the walk holds. */
export function walkSession(objects: readonly WalkObject[], clock: Clock): SnmpSession {
  const sorted = objects
    .map(({ oid, value }): Varbind => ({ oid: encodeOid(oid), value }))
    .sort((a, b) => compareOids(a.oid, b.oid));
  const exchange = async (_peer: Peer, _security: Security, pdu: Pdu) => {
    const varbinds = answers(sorted, pdu);
    const reply: Pdu = { ...pdu, type: 'response', errorStatus: 0, errorIndex: 0, varbinds };
    return { pdu: received(reply), octets: 0 };
  };
  const unused = () => {
    throw new Error('A walk has no wire');
  };
  const security: Security = { version: '2c', encode: unused, open: unused, doubtSilence: () => null };
  return new SnmpSession({ clock, exchange }, new Peer('127.0.0.1', 161), security);
}

function answers(sorted: readonly Varbind[], pdu: Pdu): Varbind[] {
  const next = (oid: Uint8Array): Varbind => sorted[after(sorted, oid)] ?? { oid, value: END };
  if (pdu.type === 'getNext') return pdu.varbinds.map(({ oid }) => next(oid));
  if (pdu.type === 'getBulk') {
    const found = pdu.varbinds.slice(0, pdu.errorStatus).map(({ oid }) => next(oid));
    let from = pdu.varbinds.slice(pdu.errorStatus).map(({ oid }) => oid);
    for (let i = 0; i < pdu.errorIndex && from.length > 0; i++) {
      const row = from.map(next);
      found.push(...row);
      if (row.every(({ value }) => value === END)) break;
      from = row.map(({ oid }) => oid);
    }
    return found;
  }
  return pdu.varbinds.map(({ oid }) => {
    const found = sorted[after(sorted, oid) - 1];
    const exact = found !== undefined && compareOids(found.oid, oid) === 0;
    return { oid, value: exact ? found.value : { type: 'noSuchObject' } };
  });
}

/** Place of the first object after an OID. */
function after(sorted: readonly Varbind[], oid: Uint8Array): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareOids((sorted[middle] as Varbind).oid, oid) > 0) high = middle;
    else low = middle + 1;
  }
  return low;
}
