/**
 * RADIUS. `startRadiusServer` answers NASes over a small policy port; `radiusDriver` changes and ends live sessions by CoA and
 * Disconnect behind the device port; the codec below both is compiled from dictionaries.
 */
export * from './attribute/address.ts';
export * from './attribute/decode.ts';
export * from './attribute/encode.ts';
export { AttributeError, type ScalarValue } from './attribute/value.ts';
export type { AuthenticationMethod } from './authentication/method.ts';
export type { MsChapErrorCode } from './authentication/ms-chap.ts';
export { type MsChapV2Attempt, msChapV2Attempt } from './authentication/ms-chap-peer.ts';
export type { PresentedCertificate, PresentedCredential } from './authentication/presented.ts';
export { papPassword, verifyNtHash, verifyPassword } from './authentication/verify.ts';
export * from './client/client.ts';
export * from './coa/client.ts';
export * from './coa/credential.ts';
export * from './coa/driver.ts';
export { type ErrorCause, errorCause } from './coa/error-cause.ts';
export { gardenAttributes } from './coa/garden.ts';
export {
  type AttributeTemplate,
  type CoaTemplate,
  type ModeTemplate,
  ProfileError,
  type ProfileValues,
  type VendorProfile,
} from './coa/profile.ts';
export { accessReplyAttributes, type VendorProfileId, vendorProfiles } from './coa/profiles.ts';
export type { AttributeDefinition, Dictionary, VendorDefinition } from './dictionary/dictionary.ts';
export {
  type DictionaryAddition,
  type ExtendedDictionary,
  extendDictionary,
} from './dictionary/extend.ts';
export { LiveDictionary } from './dictionary/live.ts';
export { DictionaryError, type DictionarySource } from './dictionary/parse.ts';
export { standardDictionary } from './dictionary/standard.ts';
export type { EapMethodName, EapOptions } from './eap/server.ts';
export type { EapTlsOptions } from './eap/tls-channel.ts';
export * from './packet/build.ts';
export { attributeTypes, packetCodes } from './packet/codes.ts';
export { chapPassword } from './packet/password.ts';
export * from './packet/scan.ts';
export { type SharedSecret, sharedSecret } from './packet/shared-secret.ts';
export { policyProtocol } from './policy-protocol.ts';
export { type ForwardedAnswer, forwardAccounting } from './proxy/forward.ts';
export * from './proxy/home-servers.ts';
export type { RadSecCertificate } from './radsec/certificate.ts';
export * from './radsec/client.ts';
export type { RadSecConnection } from './radsec/connection.ts';
export type { RadSecRequest } from './radsec/exchanges.ts';
export type { RadSecIdentity } from './radsec/identity.ts';
export type { RadSecServer } from './radsec/server.ts';
export * from './server/accept-template.ts';
export { type AccessLine, accessLine } from './server/access-line.ts';
export * from './server/access-request.ts';
export * from './server/accounting-record.ts';
export type { Anomaly, AnomalyKind } from './server/anomaly.ts';
export type { ServerCounters } from './server/counters.ts';
export { kernelDrops } from './server/kernel-drops.ts';
export type { Nas } from './server/nas.ts';
export * from './server/policy.ts';
export { type PortRange, portRanges } from './server/port-range.ts';
export type { SecretListener } from './server/reception.ts';
export * from './server/server.ts';
export { sessionTimeoutBlock } from './server/session-timeout.ts';
export type { SpooledRecord } from './spool/frame.ts';
export { packRecords, unpackRecords } from './spool/packed.ts';
export { AccountingSpool, type AccountingSpoolOptions } from './spool/spool.ts';
export * from './trace/redact.ts';
export { PacketTap, type TapEntry, type TapListener } from './trace/tap.ts';
