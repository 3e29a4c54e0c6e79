import { builder } from '../builder.ts';

export const SnmpUserInput = builder.inputType('SnmpUserInput', {
  description: 'A user of SNMPv3 (RFC 3414).',
  fields: (t) => ({
    name: t.string({ required: true }),
    authProtocol: t.string({ description: 'md5, sha1, sha224, sha256 (the default), sha384 or sha512.' }),
    authPassword: t.string(),
    privProtocol: t.string({ description: 'des, aes128 (the default), aes192 or aes256.' }),
    privPassword: t.string(),
  }),
});
const SnmpAddressInput = builder.inputType('SnmpAddressInput', {
  fields: (t) => ({
    host: t.string({ required: true }),
    port: t.int({ description: '161 when left out.' }),
    community: t.string({ description: 'For SNMPv2c.' }),
    user: t.field({ type: SnmpUserInput }),
  }),
});
const RouterosAddressInput = builder.inputType('RouterosAddressInput', {
  fields: (t) => ({
    host: t.string({ required: true }),
    port: t.int({ description: '8728 when left out.' }),
    username: t.string({ required: true }),
    password: t.string({ required: true }),
    certificateFingerprint: t.string({ description: 'SHA-256; with it the connection is TLS and pinned.' }),
  }),
});
export const RegisterDeviceInput = builder.inputType('RegisterDeviceInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    siteId: t.id(),
    parentId: t.id({ description: 'The device through which it reaches the network; see linkDevices.' }),
    snmp: t.field({ type: SnmpAddressInput }),
    routeros: t.field({ type: RouterosAddressInput }),
    clientMutationId: t.string(),
  }),
});
export const UpdateDeviceInput = builder.inputType('UpdateDeviceInput', {
  fields: (t) => ({
    id: t.id({ required: true }),
    name: t.string(),
    siteId: t.id({ deprecationReason: '`moveDevice` shows first which alarms it would raise and end' }),
    snmp: t.field({ type: SnmpAddressInput }),
    routeros: t.field({ type: RouterosAddressInput }),
    maintenance: t.boolean({
      description: 'In maintenance it is still polled, but its state says so and nothing else.',
    }),
    clientMutationId: t.string(),
  }),
});
