import type { NetworkContext } from './builder.ts';
import { DeviceRef, InterfaceRef } from './types.ts';

/** Options of the field that shows the device a row is about; null when that is unknown or gone. */
export const deviceOfRow = {
  type: DeviceRef,
  nullable: true,
  resolve: (
    { deviceId }: { readonly deviceId: string | null },
    _args: object,
    { loaders }: NetworkContext,
  ) => (deviceId === null ? null : loaders.device.load(deviceId)),
} as const;

/** Options of the field that shows the port a row is about; null when that is unknown or gone. */
export const interfaceOfRow = {
  type: InterfaceRef,
  nullable: true,
  resolve: (
    { interfaceId }: { readonly interfaceId: string | null },
    _args: object,
    { loaders }: NetworkContext,
  ) => (interfaceId === null ? null : loaders.interface.load(interfaceId)),
} as const;
