import type { PresentedCredential } from '../authentication/presented.ts';
import { createScan, scanPacket } from '../packet/scan.ts';
import { AccessRequestView } from './access-request.ts';
import type { Received } from './reception.ts';

/** A view that outlives the packet's turn: on a copy and a scan of its own, as the shared ones move on. */
export function ownView(shared: AccessRequestView, received: Received) {
  const scan = createScan();
  const packet = Buffer.from(received.packet.subarray(0, received.scan.length));
  scanPacket(packet, scan);
  const own: Received = { ...received, packet, scan };
  const viewOf = (presented: PresentedCredential | null, identity: string) => {
    const view = new AccessRequestView(
      own.nas,
      shared.sourceAddress,
      own.receivedAt,
      own.packet,
      scan,
      shared.dictionary,
      shared.secretProven ? shared.secret : null,
      presented,
      identity,
    );
    view.outlivesTurn = true;
    return view;
  };
  return { view: viewOf(null, ''), viewOf, own };
}
