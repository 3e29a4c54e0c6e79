import { createScan, scanPacket } from '../packet/scan.ts';
import { type AccountingRecord, readAccountingRecord } from '../server/accounting-record.ts';

/** The first octet, should there ever be another form. */
const form = 1;

/**
 * Records as octets, to be kept for the next moments: per record the length and text of its NAS's id and of its source
 * address, one octet each; the time it came, a double in milliseconds; and the packet.
 */
export function packRecords(records: readonly AccountingRecord[]): Buffer {
  let size = 1;
  for (const { nas, sourceAddress, packet } of records)
    size += 10 + Buffer.byteLength(nas.id) + Buffer.byteLength(sourceAddress) + packet.length;
  const block = Buffer.allocUnsafe(size);
  let at = block.writeUInt8(form, 0);
  for (const { nas, sourceAddress, receivedAt, packet } of records) {
    for (const text of [nas.id, sourceAddress]) {
      const length = block.write(text, at + 1);
      at = block.writeUInt8(length, at) + length;
    }
    at = block.writeDoubleBE(receivedAt, at);
    block.set(packet, at);
    at += packet.length;
  }
  return block;
}

/**
 * What `packRecords` wrote. The records' packets are views into the block.
 * @throws RangeError for anything else
 */
export function unpackRecords(block: Buffer): AccountingRecord[] {
  if (block[0] !== form) throw new RangeError(`Packed records begin with ${form}, not with ${block[0]}`);
  const records: AccountingRecord[] = [];
  const scan = createScan();
  let nas = { id: '' };
  let sourceAddress = '';
  for (let at = 1; at < block.length; ) {
    const nasEnd = at + 1 + block.readUInt8(at);
    const nasId = block.toString('utf8', at + 1, nasEnd);
    const addressEnd = nasEnd + 1 + block.readUInt8(nasEnd);
    const address = block.toString('utf8', nasEnd + 1, addressEnd);
    const receivedAt = block.readDoubleBE(addressEnd);
    const packetAt = addressEnd + 8;
    const malformed = scanPacket(block.subarray(packetAt), scan);
    if (malformed !== null) throw new RangeError(`The packed record at octet ${at} is ${malformed}`);
    const end = packetAt + scan.length;
    // Neighbours mostly come from the same NAS: one text for all of them.
    if (nasId !== nas.id) nas = { id: nasId };
    if (address !== sourceAddress) sourceAddress = address;
    records.push(readAccountingRecord(nas, sourceAddress, receivedAt, block.subarray(packetAt, end)));
    at = end;
  }
  return records;
}
