import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { gatewayErrorCodes } from './errors.ts';
import { defaultLimits as limits } from './limits.ts';
import { closeCodes } from './subscription/close-codes.ts';

const page = readFileSync(new URL('../PROTOCOL.md', import.meta.url), 'utf8');

/** The cells of the table that begins with this heading, without the heading. */
function table(heading: string): string[][] {
  const rows = page.slice(page.indexOf(heading)).split('\n\n')[0]?.split('\n') ?? [];
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const kib = (octets: number) => `${octets / 1024} KiB`;
const seconds = (milliseconds: number) => `${milliseconds / 1000} s`;
const many = (...counts: number[]) => counts.map((count) => count.toLocaleString('en')).join('; ');

test('the page lists every close code, and no other', () => {
  const listed = table('| Code | Meaning | What to do |').map(([code]) => Number(code));
  // 1009 is the WebSocket protocol's own (RFC 6455 §7.4.1).
  expect(listed.toSorted()).toEqual([...Object.values(closeCodes), 1009].toSorted());
});

test('the limits of the page are those of the code', () => {
  expect(Object.fromEntries(table('| What | How much |'))).toEqual({
    'body or message': kib(limits.bodyBytes),
    'time to send a request: headers; all of it': `${seconds(limits.headersMilliseconds)}; ${seconds(limits.requestMilliseconds)}, then 408`,
    // Node's own, which nothing here raises.
    'headers of a request': '16 KiB, then 431',
    'tokens of a document': many(limits.tokens),
    'depth, with fragments spread': many(limits.depth),
    'aliases, directives, root fields': [limits.aliases, limits.directives, limits.rootFields].join(', '),
    'fields, with fragments spread': many(limits.selections),
    'time of a query or mutation': seconds(limits.operationMilliseconds),
    'cost of an operation': many(limits.cost),
    "cost per minute: staff; key or subscriber; stranger's address; tenant": many(
      limits.staffCostPerMinute,
      limits.callerCostPerMinute,
      limits.strangerCostPerMinute,
      limits.tenantCostPerMinute,
    ),
    'queries and mutations at once per principal': many(limits.operationsPerPrincipal),
    'connections (WebSocket and event streams) per principal': many(limits.connectionsPerPrincipal),
    'operations per WebSocket': many(limits.operationsPerConnection),
    'messages of a WebSocket': `${limits.messagesPerSecond} a second, ${many(10 * limits.messagesPerSecond)} at once`,
  });
});

test.each([
  [
    'when a WebSocket must begin',
    `\`connection_init\` within ${limits.connectionInitMilliseconds / 1000} seconds`,
  ],
  ['comment lines', `every ${limits.heartbeatMilliseconds / 1000} seconds. A request`],
  ['pings', `every ${limits.pingMilliseconds / 1000} seconds and drops`],
  [
    'when a quiet client hears its place',
    `nothing has happened for ${limits.placeMilliseconds / 60_000} minutes`,
  ],
  ['when a client is slow', `more than ${limits.bufferedBytes / 1024 / 1024} MiB waited for you`],
  ['when a client is stalled', `took nothing for ${limits.stallMilliseconds / 1000} seconds`],
])('what the prose says of %s is so', (_, said) => {
  expect(page.replaceAll(/\s+/g, ' ')).toContain(said);
});

test.each(gatewayErrorCodes)('the page explains %s', (code) => {
  expect(page).toContain(`\`${code}\``);
});
