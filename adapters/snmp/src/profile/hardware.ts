import adva from './data/adva.json' with { type: 'json' };
import alliedTelesis from './data/allied-telesis.json' with { type: 'json' };
import alphaCordex from './data/alpha-cordex.json' with { type: 'json' };
import apcHardware from './data/apc-hardware.json' with { type: 'json' };
import arubaHardware from './data/aruba-hardware.json' with { type: 'json' };
import arubaosCx from './data/arubaos-cx.json' with { type: 'json' };
import brocadeFc from './data/brocade-fc.json' with { type: 'json' };
import cambiumHardware from './data/cambium-hardware.json' with { type: 'json' };
import checkpoint from './data/checkpoint.json' with { type: 'json' };
import ciena from './data/ciena.json' with { type: 'json' };
import ciscoHardware from './data/cisco-hardware.json' with { type: 'json' };
import comwareHardware from './data/comware-hardware.json' with { type: 'json' };
import cyberpower from './data/cyberpower.json' with { type: 'json' };
import dellServers from './data/dell-servers.json' with { type: 'json' };
import dellStorage from './data/dell-storage.json' with { type: 'json' };
import dlink from './data/dlink.json' with { type: 'json' };
import eatonXups from './data/eaton-xups.json' with { type: 'json' };
import eltek from './data/eltek.json' with { type: 'json' };
import ericssonMinilink from './data/ericsson-minilink.json' with { type: 'json' };
import extremeVoss from './data/extreme-voss.json' with { type: 'json' };
import firebrick from './data/firebrick.json' with { type: 'json' };
import fortinetHardware from './data/fortinet-hardware.json' with { type: 'json' };
import fsSwitch from './data/fs-switch.json' with { type: 'json' };
import grandstream from './data/grandstream.json' with { type: 'json' };
import gude from './data/gude.json' with { type: 'json' };
import huaweiHardware from './data/huawei-hardware.json' with { type: 'json' };
import hwgroup from './data/hwgroup.json' with { type: 'json' };
import ict from './data/ict.json' with { type: 'json' };
import juniperHardware from './data/juniper-hardware.json' with { type: 'json' };
import mikrotikHardware from './data/mikrotik-hardware.json' with { type: 'json' };
import moxa from './data/moxa.json' with { type: 'json' };
import nokiaIsam from './data/nokia-isam.json' with { type: 'json' };
import nokiaTimosHardware from './data/nokia-timos-hardware.json' with { type: 'json' };
import opengear from './data/opengear.json' with { type: 'json' };
import paloalto from './data/paloalto.json' with { type: 'json' };
import radlan from './data/radlan.json' with { type: 'json' };
import radwin from './data/radwin.json' with { type: 'json' };
import raritan from './data/raritan.json' with { type: 'json' };
import rittal from './data/rittal.json' with { type: 'json' };
import saf from './data/saf.json' with { type: 'json' };
import servertech from './data/servertech.json' with { type: 'json' };
import snr from './data/snr.json' with { type: 'json' };
import standardHardware from './data/standard-hardware.json' with { type: 'json' };
import synology from './data/synology.json' with { type: 'json' };
import teltonikaHardware from './data/teltonika-hardware.json' with { type: 'json' };
import ubiquitiHardware from './data/ubiquiti-hardware.json' with { type: 'json' };
import upsCards from './data/ups-cards.json' with { type: 'json' };
import wut from './data/wut.json' with { type: 'json' };
import zyxelHardware from './data/zyxel-hardware.json' with { type: 'json' };
import type { Profile } from './schema.ts';

/** Sensors, states and radios by the maker's private tables; chosen by the enterprise number of the table. */
export const hardwareProfiles: readonly Profile[] = [
  adva,
  alliedTelesis,
  alphaCordex,
  apcHardware,
  arubaHardware,
  arubaosCx,
  brocadeFc,
  cambiumHardware,
  checkpoint,
  ciena,
  ciscoHardware,
  comwareHardware,
  cyberpower,
  dellServers,
  dellStorage,
  dlink,
  eatonXups,
  eltek,
  ericssonMinilink,
  extremeVoss,
  firebrick,
  fortinetHardware,
  fsSwitch,
  grandstream,
  gude,
  huaweiHardware,
  hwgroup,
  ict,
  juniperHardware,
  mikrotikHardware,
  moxa,
  nokiaIsam,
  nokiaTimosHardware,
  opengear,
  paloalto,
  radlan,
  radwin,
  raritan,
  rittal,
  saf,
  servertech,
  snr,
  standardHardware,
  synology,
  teltonikaHardware,
  ubiquitiHardware,
  upsCards,
  wut,
  zyxelHardware,
] as unknown as readonly Profile[];
