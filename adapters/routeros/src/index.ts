/**
 * RouterOS behind the device port: a codec and client of our own for the API of MikroTik routers. Start at
 * `driver.ts`; below it are the reads (`reads.ts`, `models.ts`), a subscriber's access (`access-*.ts`), the client
 * (`client.ts`, `connection.ts`) and the codec (`parser.ts`, `codec.ts`).
 */

export type { ClientOptions } from './client.ts';
export { RouterosClient } from './client.ts';
export type { CommandOptions, CommandResult, ConnectionLimits } from './command.ts';
export type { RouterosCredential, RouterosTransport } from './credential.ts';
export type { RouterosDriverOptions } from './driver.ts';
export { createRouterosDriver, routerosDriver } from './driver.ts';
export type { Row } from './reply.ts';
