import adva from './data/adva.json' with { type: 'json' };
import advantech from './data/advantech.json' with { type: 'json' };
import advantechIcr from './data/advantech-icr.json' with { type: 'json' };
import aerohive from './data/aerohive.json' with { type: 'json' };
import airespace from './data/airespace.json' with { type: 'json' };
import airosLike from './data/airos-like.json' with { type: 'json' };
import algcom from './data/algcom.json' with { type: 'json' };
import alliedTelesis from './data/allied-telesis.json' with { type: 'json' };
import alphaCordex from './data/alpha-cordex.json' with { type: 'json' };
import apcHardware from './data/apc-hardware.json' with { type: 'json' };
import apexLynx from './data/apex-lynx.json' with { type: 'json' };
import arrisApex from './data/arris-apex.json' with { type: 'json' };
import arubaHardware from './data/aruba-hardware.json' with { type: 'json' };
import arubaosCx from './data/arubaos-cx.json' with { type: 'json' };
import aten from './data/aten.json' with { type: 'json' };
import audiocodes from './data/audiocodes.json' with { type: 'json' };
import aviatWtm from './data/aviat-wtm.json' with { type: 'json' };
import avtech from './data/avtech.json' with { type: 'json' };
import axis from './data/axis.json' with { type: 'json' };
import bdcom from './data/bdcom.json' with { type: 'json' };
import bktel from './data/bktel.json' with { type: 'json' };
import bluecoat from './data/bluecoat.json' with { type: 'json' };
import brocadeFc from './data/brocade-fc.json' with { type: 'json' };
import brocadeIp from './data/brocade-ip.json' with { type: 'json' };
import cambiumHardware from './data/cambium-hardware.json' with { type: 'json' };
import cdataHardware from './data/cdata-hardware.json' with { type: 'json' };
import ceragon from './data/ceragon.json' with { type: 'json' };
import cetPower from './data/cet-power.json' with { type: 'json' };
import chatsworth from './data/chatsworth.json' with { type: 'json' };
import checkpoint from './data/checkpoint.json' with { type: 'json' };
import ciena from './data/ciena.json' with { type: 'json' };
import ciscoHardware from './data/cisco-hardware.json' with { type: 'json' };
import compaqHealth from './data/compaq-health.json' with { type: 'json' };
import comwareHardware from './data/comware-hardware.json' with { type: 'json' };
import cyberpower from './data/cyberpower.json' with { type: 'json' };
import dantherm from './data/dantherm.json' with { type: 'json' };
import datacom from './data/datacom.json' with { type: 'json' };
import dellOs9 from './data/dell-os9.json' with { type: 'json' };
import dellRpdu from './data/dell-rpdu.json' with { type: 'json' };
import dellServers from './data/dell-servers.json' with { type: 'json' };
import dellStorage from './data/dell-storage.json' with { type: 'json' };
import dellUps from './data/dell-ups.json' with { type: 'json' };
import dlink from './data/dlink.json' with { type: 'json' };
import eatonSc200 from './data/eaton-sc200.json' with { type: 'json' };
import eatonXups from './data/eaton-xups.json' with { type: 'json' };
import ecitele from './data/ecitele.json' with { type: 'json' };
import ecresofm from './data/ecresofm.json' with { type: 'json' };
import edfa from './data/edfa.json' with { type: 'json' };
import edsOnewire from './data/eds-onewire.json' with { type: 'json' };
import eltek from './data/eltek.json' with { type: 'json' };
import equallogic from './data/equallogic.json' with { type: 'json' };
import ericssonMinilink from './data/ericsson-minilink.json' with { type: 'json' };
import ewc from './data/ewc.json' with { type: 'json' };
import exablaze from './data/exablaze.json' with { type: 'json' };
import extremeVoss from './data/extreme-voss.json' with { type: 'json' };
import extremeXos from './data/extreme-xos.json' with { type: 'json' };
import fastpathBoxes from './data/fastpath-boxes.json' with { type: 'json' };
import fiberhomeSwitch from './data/fiberhome-switch.json' with { type: 'json' };
import fibernetXmux from './data/fibernet-xmux.json' with { type: 'json' };
import fibrolan from './data/fibrolan.json' with { type: 'json' };
import firebrick from './data/firebrick.json' with { type: 'json' };
import fireeye from './data/fireeye.json' with { type: 'json' };
import fmMonitor from './data/fm-monitor.json' with { type: 'json' };
import fortinetHardware from './data/fortinet-hardware.json' with { type: 'json' };
import fsPdu from './data/fs-pdu.json' with { type: 'json' };
import fsSwitch from './data/fs-switch.json' with { type: 'json' };
import fujitsuIrmc from './data/fujitsu-irmc.json' with { type: 'json' };
import geist from './data/geist.json' with { type: 'json' };
import grandstream from './data/grandstream.json' with { type: 'json' };
import gude from './data/gude.json' with { type: 'json' };
import gwd from './data/gwd.json' with { type: 'json' };
import hirschmann from './data/hirschmann.json' with { type: 'json' };
import horizonDuo from './data/horizon-duo.json' with { type: 'json' };
import hpePdu from './data/hpe-pdu.json' with { type: 'json' };
import huaweiHardware from './data/huawei-hardware.json' with { type: 'json' };
import huaweiPower from './data/huawei-power.json' with { type: 'json' };
import hwgroup from './data/hwgroup.json' with { type: 'json' };
import ibmImm from './data/ibm-imm.json' with { type: 'json' };
import ict from './data/ict.json' with { type: 'json' };
import infinera from './data/infinera.json' with { type: 'json' };
import ingrasysIpoman from './data/ingrasys-ipoman.json' with { type: 'json' };
import juniperHardware from './data/juniper-hardware.json' with { type: 'json' };
import lambdatrail from './data/lambdatrail.json' with { type: 'json' };
import lancom from './data/lancom.json' with { type: 'json' };
import ligowaveHelios from './data/ligowave-helios.json' with { type: 'json' };
import lsiMegaraid from './data/lsi-megaraid.json' with { type: 'json' };
import luminato from './data/luminato.json' with { type: 'json' };
import microsens from './data/microsens.json' with { type: 'json' };
import microwaveSiae from './data/microwave-siae.json' with { type: 'json' };
import mikrotikHardware from './data/mikrotik-hardware.json' with { type: 'json' };
import mimosa from './data/mimosa.json' with { type: 'json' };
import moxa from './data/moxa.json' with { type: 'json' };
import netgearBoxes from './data/netgear-boxes.json' with { type: 'json' };
import netonix from './data/netonix.json' with { type: 'json' };
import netscaler from './data/netscaler.json' with { type: 'json' };
import netspire from './data/netspire.json' with { type: 'json' };
import netsureEes from './data/netsure-ees.json' with { type: 'json' };
import nokia1830 from './data/nokia-1830.json' with { type: 'json' };
import nokiaIsam from './data/nokia-isam.json' with { type: 'json' };
import nokiaTimosHardware from './data/nokia-timos-hardware.json' with { type: 'json' };
import nortelBoss from './data/nortel-boss.json' with { type: 'json' };
import nutanix from './data/nutanix.json' with { type: 'json' };
import oceanstor from './data/oceanstor.json' with { type: 'json' };
import openbsd from './data/openbsd.json' with { type: 'json' };
import opengear from './data/opengear.json' with { type: 'json' };
import packetflux from './data/packetflux.json' with { type: 'json' };
import packetlight from './data/packetlight.json' with { type: 'json' };
import paloalto from './data/paloalto.json' with { type: 'json' };
import pandacom from './data/pandacom.json' with { type: 'json' };
import quantastor from './data/quantastor.json' with { type: 'json' };
import radlan from './data/radlan.json' with { type: 'json' };
import radwin from './data/radwin.json' with { type: 'json' };
import raritan from './data/raritan.json' with { type: 'json' };
import riedo from './data/riedo.json' with { type: 'json' };
import rittal from './data/rittal.json' with { type: 'json' };
import ruckus from './data/ruckus.json' with { type: 'json' };
import saf from './data/saf.json' with { type: 'json' };
import schleifenbauer from './data/schleifenbauer.json' with { type: 'json' };
import servertech from './data/servertech.json' with { type: 'json' };
import siklu from './data/siklu.json' with { type: 'json' };
import sinetica from './data/sinetica.json' with { type: 'json' };
import siteboss from './data/siteboss.json' with { type: 'json' };
import smartbyte from './data/smartbyte.json' with { type: 'json' };
import smartoptics from './data/smartoptics.json' with { type: 'json' };
import snr from './data/snr.json' with { type: 'json' };
import snrErd from './data/snr-erd.json' with { type: 'json' };
import sonicwall from './data/sonicwall.json' with { type: 'json' };
import standardHardware from './data/standard-hardware.json' with { type: 'json' };
import synology from './data/synology.json' with { type: 'json' };
import tachyon from './data/tachyon.json' with { type: 'json' };
import tailyn from './data/tailyn.json' with { type: 'json' };
import teldat from './data/teldat.json' with { type: 'json' };
import teltonikaHardware from './data/teltonika-hardware.json' with { type: 'json' };
import teracom from './data/teracom.json' with { type: 'json' };
import transferSwitch from './data/transfer-switch.json' with { type: 'json' };
import tripplite from './data/tripplite.json' with { type: 'json' };
import ubiquitiHardware from './data/ubiquiti-hardware.json' with { type: 'json' };
import upsCards from './data/ups-cards.json' with { type: 'json' };
import valere from './data/valere.json' with { type: 'json' };
import vertiv from './data/vertiv.json' with { type: 'json' };
import vertivOld from './data/vertiv-old.json' with { type: 'json' };
import volius from './data/volius.json' with { type: 'json' };
import wisi from './data/wisi.json' with { type: 'json' };
import wti from './data/wti.json' with { type: 'json' };
import wut from './data/wut.json' with { type: 'json' };
import wutWebIo from './data/wut-web-io.json' with { type: 'json' };
import xclarity from './data/xclarity.json' with { type: 'json' };
import xirrus from './data/xirrus.json' with { type: 'json' };
import zteOlt from './data/zte-olt.json' with { type: 'json' };
import zyxelHardware from './data/zyxel-hardware.json' with { type: 'json' };
import type { Profile } from './schema.ts';

/** Sensors, states and radios by the maker's private tables; chosen by the enterprise number of the table. */
export const hardwareProfiles: readonly Profile[] = [
  adva,
  advantech,
  advantechIcr,
  aerohive,
  airespace,
  airosLike,
  algcom,
  alliedTelesis,
  alphaCordex,
  apcHardware,
  apexLynx,
  arrisApex,
  arubaHardware,
  arubaosCx,
  aten,
  audiocodes,
  aviatWtm,
  avtech,
  axis,
  bdcom,
  bktel,
  bluecoat,
  brocadeFc,
  brocadeIp,
  cambiumHardware,
  cdataHardware,
  ceragon,
  cetPower,
  chatsworth,
  checkpoint,
  ciena,
  ciscoHardware,
  compaqHealth,
  comwareHardware,
  cyberpower,
  dantherm,
  datacom,
  dellOs9,
  dellRpdu,
  dellServers,
  dellStorage,
  dellUps,
  dlink,
  eatonSc200,
  eatonXups,
  ecitele,
  ecresofm,
  edfa,
  edsOnewire,
  eltek,
  equallogic,
  ericssonMinilink,
  ewc,
  exablaze,
  extremeVoss,
  extremeXos,
  fastpathBoxes,
  fiberhomeSwitch,
  fibernetXmux,
  fibrolan,
  firebrick,
  fireeye,
  fmMonitor,
  fortinetHardware,
  fsPdu,
  fsSwitch,
  fujitsuIrmc,
  geist,
  grandstream,
  gude,
  gwd,
  hirschmann,
  horizonDuo,
  hpePdu,
  huaweiHardware,
  huaweiPower,
  hwgroup,
  ibmImm,
  ict,
  infinera,
  ingrasysIpoman,
  juniperHardware,
  lambdatrail,
  lancom,
  ligowaveHelios,
  lsiMegaraid,
  luminato,
  microsens,
  microwaveSiae,
  mikrotikHardware,
  mimosa,
  moxa,
  netgearBoxes,
  netonix,
  netscaler,
  netspire,
  netsureEes,
  nokia1830,
  nokiaIsam,
  nokiaTimosHardware,
  nortelBoss,
  nutanix,
  oceanstor,
  openbsd,
  opengear,
  packetflux,
  packetlight,
  paloalto,
  pandacom,
  quantastor,
  radlan,
  radwin,
  raritan,
  riedo,
  rittal,
  ruckus,
  saf,
  schleifenbauer,
  servertech,
  siklu,
  sinetica,
  siteboss,
  smartbyte,
  smartoptics,
  snr,
  snrErd,
  sonicwall,
  standardHardware,
  synology,
  tachyon,
  tailyn,
  teldat,
  teltonikaHardware,
  teracom,
  transferSwitch,
  tripplite,
  ubiquitiHardware,
  upsCards,
  valere,
  vertiv,
  vertivOld,
  volius,
  wisi,
  wti,
  wut,
  wutWebIo,
  xclarity,
  xirrus,
  zteOlt,
  zyxelHardware,
] as unknown as readonly Profile[];
