import { papPassword, verifyPassword } from './authentication/verify.ts';
import { RadiusClient } from './client/client.ts';
import { gardenAttributes } from './coa/garden.ts';
import { accessReplyAttributes, vendorProfiles } from './coa/profiles.ts';
import { extendDictionary } from './dictionary/extend.ts';
import { LiveDictionary } from './dictionary/live.ts';
import { DictionaryError } from './dictionary/parse.ts';
import { standardDictionary } from './dictionary/standard.ts';
import { sharedSecret } from './packet/shared-secret.ts';
import { forwardAccounting } from './proxy/forward.ts';
import { HomeServerPool, radSecHomeServer, udpHomeServer } from './proxy/home-servers.ts';
import { RadSecClient } from './radsec/client.ts';
import { acceptBlock, acceptTemplate } from './server/accept-template.ts';
import { accessLine } from './server/access-line.ts';
import { kernelDrops } from './server/kernel-drops.ts';
import { portRanges } from './server/port-range.ts';
import { sessionTimeoutBlock } from './server/session-timeout.ts';
import { packRecords, unpackRecords } from './spool/packed.ts';
import { redactPacket } from './trace/redact.ts';
import { PacketTap } from './trace/tap.ts';

/** What a login policy, which knows nothing of RADIUS itself, needs of the protocol. */
export const policyProtocol = {
  verifyPassword,
  sharedSecret,
  accessReplyAttributes,
  acceptTemplate,
  acceptBlock,
  gardenAttributes,
  sessionTimeoutBlock,
  accessLine,
  RadiusClient,
  HomeServerPool,
  udpHomeServer,
  radSecHomeServer,
  RadSecClient,
  forwardAccounting,
  standardDictionary,
  extendDictionary,
  LiveDictionary,
  DictionaryError,
  papPassword,
  packRecords,
  unpackRecords,
  portRanges,
  kernelDrops,
  vendorProfiles,
  PacketTap,
  redactPacket,
};
