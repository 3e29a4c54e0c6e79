import { Socket } from 'node:net';
import { Receiver } from 'node-routeros/dist/connector/Receiver.js';
import { encodeSentence } from './codec.ts';
import { SentenceParser } from './parser.ts';
import { parseReply } from './reply.ts';

/** One figure, both sides measured in alternation in the same call. */
export interface ParseFigure {
  readonly metric: string;
  readonly value: number;
  readonly unit: 'rows/s';
  readonly peer: 'node-routeros 1.6.9';
  readonly peerValue: number;
  /** Above 1 is in our favour. */
  readonly ratio: number;
}

const tag = '7';

function replies(rows: number): Buffer {
  const fields = (row: number) => Array.from({ length: 16 }, (_, at) => `=field-${at}=value-${row}-${at}`);
  return Buffer.concat(
    Array.from({ length: rows }, (_, row) => encodeSentence(['!re', `.tag=${tag}`, ...fields(row)])),
  );
}

function* segments(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

function ours(bytes: Buffer, size: number): number {
  const parser = new SentenceParser();
  let rows = 0;
  for (const segment of segments(bytes, size)) {
    parser.push(segment);
    for (let words = parser.next(); words !== null; words = parser.next())
      if (parseReply(words).kind === 're') rows += 1;
  }
  return rows;
}

function theirs(bytes: Buffer, size: number): number {
  const receiver = new Receiver(new Socket());
  let rows = 0;
  receiver.read(tag, () => {
    rows += 1;
  });
  for (const segment of segments(bytes, size)) receiver.processRawData(segment);
  return rows;
}

function rowsPerSecond(parse: typeof ours, bytes: Buffer, size: number): number {
  const start = performance.now();
  const rows = parse(bytes, size);
  return (rows / (performance.now() - start)) * 1000;
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/**
 * Parses `rows` rows of 16 fields, in large segments and in those of a network, beside node-routeros: the median of
 * `rounds` alternated rounds.
 */
export function benchmarkParse(rows = 20_000, rounds = 7): ParseFigure[] {
  const bytes = replies(rows);
  return [65_536, 1_448].map((size) => {
    const own: number[] = [];
    const peer: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      own.push(rowsPerSecond(ours, bytes, size));
      peer.push(rowsPerSecond(theirs, bytes, size));
    }
    const value = median(own);
    const peerValue = median(peer);
    const metric = `parse_segments_${size}`;
    return {
      metric,
      value,
      unit: 'rows/s',
      peer: 'node-routeros 1.6.9',
      peerValue,
      ratio: value / peerValue,
    };
  });
}

if (import.meta.main) for (const figure of benchmarkParse()) console.log(JSON.stringify(figure));
