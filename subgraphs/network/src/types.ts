import { applyMode, type ShapingPayload } from '@dotmac/schema';
import { accessModes } from './access/rules.ts';
import type { Access } from './access/store.ts';
import type { AddressPool } from './address/store.ts';
import type { Alarm, AlarmRule } from './alarm/store.ts';
import { builder } from './builder.ts';
import { changeStates } from './change/rules.ts';
import type { AccessChange, ChangeStep } from './change/store.ts';
import { deviceStates, managementProtocols } from './device/rules.ts';
import type { Device, ManagementAddress } from './device/store.ts';
import type { DeviceGroup } from './device-group/store.ts';
import type { Incident } from './incident/store.ts';
import type { InterfaceRate, NetworkInterface } from './interface/store.ts';
import type { Nas } from './nas/store.ts';
import type { Sensor } from './sensor/store.ts';
import type { Session } from './session/store.ts';
import type { Site } from './site/store.ts';
import { voucherPrefix } from './voucher/rules.ts';

// Types that name each other are declared before any is implemented.
export const SiteRef = builder.objectRef<Site>('Site');
export const DeviceRef = builder.objectRef<Device>('Device');
export const ManagementAddressRef = builder.objectRef<ManagementAddress>('ManagementAddress');
export const InterfaceRef = builder.objectRef<NetworkInterface>('Interface');
export const InterfaceRateRef = builder.objectRef<InterfaceRate>('InterfaceRate');
export const NasRef = builder.objectRef<Nas>('Nas');
export const AddressPoolRef = builder.objectRef<AddressPool>('AddressPool');
export const AccessRef = builder.objectRef<Access>('Access');
export const SessionRef = builder.objectRef<Session>('Session');
export const AccessChangeRef = builder.objectRef<AccessChange>('AccessChange');
export const AccessChangeStepRef = builder.objectRef<ChangeStep>('AccessChangeStep');
export const DeviceGroupRef = builder.objectRef<DeviceGroup>('DeviceGroup');
export const SensorRef = builder.objectRef<Sensor>('Sensor');
export const AlarmRef = builder.objectRef<Alarm>('Alarm');
export const AlarmRuleRef = builder.objectRef<AlarmRule>('AlarmRule');
export const IncidentRef = builder.objectRef<Incident>('Incident');

export const DeviceStateEnum = builder.enumType('DeviceState', { values: deviceStates });
export const ManagementProtocolEnum = builder.enumType('ManagementProtocol', { values: managementProtocols });
export const AccessModeEnum = builder.enumType('AccessMode', {
  values: accessModes,
  description: 'How a subscriber may use the network.',
});
export const AccessChangeStateEnum = builder.enumType('AccessChangeState', {
  description:
    'VERIFIED, UNVERIFIED and DIVERGED say what reading back showed; a device that said OK is merely APPLIED.',
  values: changeStates,
});
export const ChangeModeEnum = builder.enumType('ApplyMode', applyMode);

/** Owned by `subscribers`; the network adds the access. */
export const ServiceRef = builder.externalRef(
  'Service',
  builder.selection<{ id: string }>('id'),
  ({ id }) => ({
    id,
  }),
);

/** The service of a session in the graph; null when there is none, as for a voucher's. */
export function serviceOf(serviceId: string | null): { readonly id: string } | null {
  return serviceId === null || serviceId.startsWith(voucherPrefix) ? null : { id: serviceId };
}

export const ShapingRef = builder.objectRef<ShapingPayload>('AccessShaping');
export const RateRef = builder.objectRef<ShapingPayload['downstream']>('AccessRate');
