/**
 * A simulated ISP on loopback that answers real SNMP, RouterOS API and RADIUS. `network.ts` puts a site together,
 * `control.ts` lets a person act on it; `snmp/`, `routeros/` and `radius/` hold the devices.
 */
export { createLabControl, LabError } from './control.ts';
export {
  type LabNetwork,
  type LabNetworkOptions,
  type LabPorts,
  routerUser,
  startLabNetwork,
} from './network.ts';
