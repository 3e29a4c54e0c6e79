import { newId } from '@dotmac/platform';
import { ConflictError, NotFoundError, ValidationError } from '@dotmac/schema';
import { builder } from '../builder.ts';
import type { Device } from '../device/store.ts';
import { deviceOfRow, interfaceOfRow } from '../port-fields.ts';
import { normaliseMac } from '../session/rules.ts';
import { DeviceRef, ServiceRef } from '../types.ts';
import { placeSources } from './rules.ts';
import {
  type CustomerEquipment,
  claimCustomerLinks,
  deleteEquipment,
  insertEquipment,
  type ServicePlace,
} from './store.ts';

const PlaceRef = builder.objectRef<ServicePlace>('ServicePlace').implement({
  description: 'Where a service is connected, as the network itself shows it.',
  fields: (t) => ({
    device: t.field({
      ...deviceOfRow,
      description: 'The access point, line card or switch; null when several are as likely.',
    }),
    interface: t.field(interfaceOfRow),
    portName: t.exposeString('portName', { nullable: true, description: 'As the source calls it.' }),
    via: t.field({
      type: builder.enumType('ServicePlaceSource', {
        description:
          'In the order in which they count: a registration at a radio or line card, a bridge that has learnt his MAC address, what the access node wrote into his login, a router that has resolved his address (ARP or neighbour discovery), the port of the NAS.',
        values: placeSources,
      }),
      resolve: ({ via }) => via,
    }),
    source: t.exposeString('source'),
    observedAt: t.expose('observedAt', { type: 'DateTime' }),
    alternatives: t.field({
      type: [DeviceRef],
      description: 'Devices that see him as much as each other.',
      resolve: async ({ alternatives }, _args, { loaders }): Promise<Device[]> =>
        (await Promise.all(alternatives.map((id) => loaders.device.load(id)))).filter((one) => one !== null),
    }),
  }),
});

const EquipmentRef = builder.objectRef<CustomerEquipment>('CustomerEquipment').implement({
  description: 'Equipment that somebody says is a customer’s, so that whoever sees it sees him.',
  fields: (t) => ({
    id: t.exposeID('id'),
    mac: t.expose('mac', { type: 'MAC', nullable: true }),
    serial: t.exposeString('serial', { nullable: true }),
    addedBy: t.exposeString('addedBy'),
    addedAt: t.expose('addedAt', { type: 'DateTime' }),
  }),
});

builder.objectFields(ServiceRef, (t) => ({
  servedAt: t.field({
    type: PlaceRef,
    nullable: true,
    description: 'Where he is connected, last seen; null until he was.',
    authScopes: { scope: 'network:read' },
    resolve: ({ id }, _args, { loaders }) => loaders.placeOfService.load(id),
  }),
  equipment: t.field({
    type: [EquipmentRef],
    authScopes: { scope: 'network:read' },
    resolve: async ({ id }, _args, { loaders }) => [...(await loaders.equipmentOfService.load(id))],
  }),
}));

const AddEquipmentInput = builder.inputType('AddCustomerEquipmentInput', {
  fields: (t) => ({
    serviceId: t.id({ required: true }),
    mac: t.field({ type: 'MAC' }),
    serial: t.string({
      description: 'As printed on it; of an ONU four letters and eight hexadecimal digits.',
    }),
    clientMutationId: t.string(),
  }),
});
const RemoveEquipmentInput = builder.inputType('RemoveCustomerEquipmentInput', {
  fields: (t) => ({ id: t.id({ required: true }), clientMutationId: t.string() }),
});

builder.mutationFields((t) => ({
  addCustomerEquipment: t.field({
    type: EquipmentRef,
    description: 'Says whose a radio or ONU is, where the address that logs in is not its own.',
    authScopes: { scope: 'network:write' },
    errors: { types: [NotFoundError, ConflictError, ValidationError] },
    args: { input: t.arg({ type: AddEquipmentInput, required: true }) },
    resolve: async (_root, { input }, { services, loaders, principal, surroundings }) => {
      const mac = input.mac == null ? null : normaliseMac(input.mac);
      const serial = input.serial?.replaceAll(/[\s:-]/g, '').toUpperCase() ?? null;
      if (mac === null && serial === null)
        throw new ValidationError('input.mac', 'Name a MAC address or a serial number');
      if (serial !== null && !/^[A-Z0-9.]{4,40}$/.test(serial))
        throw new ValidationError('input.serial', 'A serial number has 4 to 40 letters and digits');
      if ((await loaders.access.load(input.serviceId)) === null)
        throw new NotFoundError('Service', input.serviceId);
      const equipment = await insertEquipment(services.database, {
        id: newId('ceq', services.clock),
        serviceId: input.serviceId,
        mac,
        serial,
        addedBy: principal.id,
        addedAt: new Date(services.clock.now()),
      });
      if (equipment === null)
        throw new ConflictError('DUPLICATE_EQUIPMENT', 'This equipment belongs to a service already');
      await claimCustomerLinks(services.database, equipment, equipment.serviceId);
      surroundings.sessionsBegan();
      return equipment;
    },
  }),
  removeCustomerEquipment: t.field({
    type: EquipmentRef,
    authScopes: { scope: 'network:write' },
    errors: { types: [NotFoundError] },
    args: { input: t.arg({ type: RemoveEquipmentInput, required: true }) },
    resolve: async (_root, { input }, { services, surroundings }) => {
      const removed = await deleteEquipment(services.database, input.id);
      if (removed === null) throw new NotFoundError('CustomerEquipment', input.id);
      await claimCustomerLinks(services.database, removed, null);
      surroundings.sessionsBegan();
      return removed;
    },
  }),
}));
