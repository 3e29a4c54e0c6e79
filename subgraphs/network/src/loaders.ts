import type { TenantDatabase } from '@dotmac/migrations';
import { type Clock, type Executor, listLoaderOf, loaderOf } from '@dotmac/platform';
import { accessesByService } from './access/store.ts';
import { poolUses } from './address/store.ts';
import { affectedCounts, reachesOf } from './alarm/affected.ts';
import { activeAlarms, alarmRulesById, alarmsById } from './alarm/store.ts';
import { changesById, recentChangesOfServices, stepsOfChanges } from './change/store.ts';
import { customerLinksOfDevices, customerLinksOfServices } from './customer-link/store.ts';
import { devicesById, devicesOfSites, managementAddressesOfDevices } from './device/store.ts';
import { deviceGroupsById, groupsOfDevices, membersOfGroups } from './device-group/store.ts';
import { incidentsOfServices, servicesOfIncidents } from './incident/affected-store.ts';
import {
  devicesOfIncidents,
  evidenceOfIncidents,
  incidentsById,
  incidentsOfDevices,
} from './incident/store.ts';
import { interfacesById, interfacesOfDevices, ratesOfInterfaces } from './interface/store.ts';
import { linksOfDevices, neighborsOfDevices } from './link/store.ts';
import { coverages } from './maintenance/coverage.ts';
import { comingMaintenance, maintenanceById } from './maintenance/store.ts';
import { nasesById, nasesOfDevices } from './nas/store.ts';
import { equipmentOfServices, placesOfServices } from './place/store.ts';
import { sensorsById, sensorsOfDevices } from './sensor/store.ts';
import { equipmentFactsOfServices } from './service-state/equipment.ts';
import { loginRejections, newestSessionsOfServices } from './service-state/store.ts';
import { liveSessionsOfServices, recentSessionsOfServices, sessionsById } from './session/store.ts';
import { sitesById } from './site/store.ts';
import { servingDevices, topology } from './topology/store.ts';
import { hoursOfDays, usageOfServices } from './usage/store.ts';

export type NetworkLoaders = ReturnType<typeof networkLoaders>;

/** Everything that resolvers load, one query per kind and round however many things ask. */
export function networkLoaders(database: Executor<TenantDatabase>, clock: Clock) {
  return {
    access: loaderOf(
      (ids) => accessesByService(database, ids),
      (access) => access.serviceId,
    ),
    site: loaderOf(
      (ids) => sitesById(database, ids),
      (site) => site.id,
    ),
    device: loaderOf(
      (ids) => devicesById(database, ids),
      (device) => device.id,
    ),
    deviceGroup: loaderOf(
      (ids) => deviceGroupsById(database, ids),
      (group) => group.id,
    ),
    membersOfGroup: listLoaderOf(
      (ids) => membersOfGroups(database, ids),
      (member) => member.groupId,
    ),
    groupsOfDevice: listLoaderOf(
      (ids) => groupsOfDevices(database, ids),
      (member) => member.deviceId,
    ),
    devicesOfSite: listLoaderOf(
      (ids) => devicesOfSites(database, ids),
      (device) => device.siteId ?? '',
    ),
    managementAddressesOfDevice: listLoaderOf(
      (ids) => managementAddressesOfDevices(database, ids),
      (address) => address.deviceId,
    ),
    interface: loaderOf(
      (ids) => interfacesById(database, ids),
      (one) => one.id,
    ),
    interfacesOfDevice: listLoaderOf(
      (ids) => interfacesOfDevices(database, ids),
      (one) => one.deviceId,
    ),
    ratesOfInterface: listLoaderOf(
      (ids) => ratesOfInterfaces(database, ids),
      (rate) => rate.interfaceId,
    ),
    nas: loaderOf(
      (ids) => nasesById(database, ids),
      (nas) => nas.id,
    ),
    nasesOfDevice: listLoaderOf(
      (ids) => nasesOfDevices(database, ids),
      (nas) => nas.deviceId ?? '',
    ),
    poolUse: loaderOf(
      (ids) => poolUses(database, ids),
      (use) => use.poolId,
    ),
    session: loaderOf(
      (ids) => sessionsById(database, ids),
      (session) => session.id,
    ),
    liveSessionOfService: loaderOf(
      (ids) => liveSessionsOfServices(database, ids),
      (session) => session.serviceId ?? '',
    ),
    sessionsOfService: listLoaderOf(
      (ids) => recentSessionsOfServices(database, ids),
      (session) => session.serviceId ?? '',
    ),
    change: loaderOf(
      (ids) => changesById(database, ids),
      (change) => change.id,
    ),
    changesOfService: listLoaderOf(
      (ids) => recentChangesOfServices(database, ids),
      (change) => change.serviceId,
    ),
    stepsOfChange: listLoaderOf(
      (ids) => stepsOfChanges(database, ids),
      (step) => step.changeId,
    ),
    /** The whole of it, under any key. */
    topology: loaderOf(
      async (ids) => {
        const whole = await topology(database);
        return ids.map((id) => ({ id, whole }));
      },
      (one) => one.id,
    ),
    servingDevice: loaderOf(
      (ids) => servingDevices(database, ids),
      (one) => one.serviceId,
    ),
    placeOfService: loaderOf(
      (ids) => placesOfServices(database, ids),
      (place) => place.serviceId,
    ),
    equipmentOfService: listLoaderOf(
      (ids) => equipmentOfServices(database, ids),
      (equipment) => equipment.serviceId,
    ),
    customerLinksOfService: listLoaderOf(
      (ids) => customerLinksOfServices(database, ids),
      (link) => link.serviceId ?? '',
    ),
    customerLinksOfDevice: listLoaderOf(
      (ids) => customerLinksOfDevices(database, ids),
      (link) => link.deviceId,
    ),
    neighborsOfDevice: listLoaderOf(
      (ids) => neighborsOfDevices(database, ids),
      (neighbor) => neighbor.deviceId,
    ),
    linksOfDevice: listLoaderOf(
      (ids) => linksOfDevices(database, ids),
      (link) => link.of,
    ),
    sensor: loaderOf(
      (ids) => sensorsById(database, ids),
      (sensor) => sensor.id,
    ),
    sensorsOfDevice: listLoaderOf(
      (ids) => sensorsOfDevices(database, ids),
      (sensor) => sensor.deviceId,
    ),
    alarm: loaderOf(
      (ids) => alarmsById(database, ids),
      (alarm) => alarm.id,
    ),
    affectedByAlarm: loaderOf(
      async (ids) => affectedCounts(database, await reachesOf(database, await alarmsById(database, ids))),
      (one) => one.alarmId,
    ),
    alarmRule: loaderOf(
      (ids) => alarmRulesById(database, ids),
      (rule) => rule.id,
    ),
    alarmsOfDevice: listLoaderOf(
      (ids) => activeAlarms(database, ids),
      (alarm) => alarm.deviceId,
    ),
    maintenanceOfDevice: listLoaderOf(
      (ids) => comingMaintenance(database, ids, new Date(clock.now())),
      (window) => window.deviceId,
    ),
    maintenanceWindow: loaderOf(
      (ids) => maintenanceById(database, ids),
      (window) => window.id,
    ),
    /** By the device that is worked at. */
    coverageOfWork: loaderOf(
      (ids) => coverages(database, ids),
      (coverage) => coverage.deviceId,
    ),
    loginRejection: loaderOf(
      (ids) => loginRejections(database, ids),
      (rejection) => rejection.serviceId,
    ),
    equipmentFacts: loaderOf(
      (ids) => equipmentFactsOfServices(database, ids),
      (one) => one.serviceId,
    ),
    newestSessionOfService: loaderOf(
      (ids) => newestSessionsOfServices(database, ids),
      (session) => session.serviceId ?? '',
    ),
    incident: loaderOf(
      (ids) => incidentsById(database, ids),
      (incident) => incident.id,
    ),
    devicesOfIncident: listLoaderOf(
      (ids) => devicesOfIncidents(database, ids),
      (device) => device.incidentId,
    ),
    evidenceOfIncident: listLoaderOf(
      (ids) => evidenceOfIncidents(database, ids),
      (line) => line.incidentId,
    ),
    servicesOfIncident: listLoaderOf(
      (ids) => servicesOfIncidents(database, ids),
      (one) => one.incidentId,
    ),
    incidentOfDevice: loaderOf(
      (ids) => incidentsOfDevices(database, ids),
      (one) => one.deviceId,
    ),
    /** By service, first and last day, with a blank between. */
    usageDays: listLoaderOf(
      async (keys) => {
        const ranges = Map.groupBy(keys, (key) => key.slice(key.indexOf(' ') + 1));
        const lists = [...ranges].map(async ([range, ofRange]) => {
          const [from = '', to = ''] = range.split(' ');
          const ids = ofRange.map((key) => key.slice(0, key.indexOf(' ')));
          const days = await usageOfServices(database, ids, from, to);
          return days.map((day) => ({ ...day, key: `${day.serviceId} ${range}` }));
        });
        return (await Promise.all(lists)).flat();
      },
      (day) => day.key,
    ),
    /** By service and day, with a blank between. */
    usageHours: listLoaderOf(
      (keys) =>
        hoursOfDays(
          database,
          keys.map((key) => ({
            serviceId: key.slice(0, key.indexOf(' ')),
            day: key.slice(key.indexOf(' ') + 1),
          })),
        ),
      (hour) => `${hour.serviceId} ${hour.day}`,
    ),
    incidentOfService: loaderOf(
      (ids) => incidentsOfServices(database, ids),
      (one) => one.serviceId,
    ),
  };
}

/** A subscription lives long: what it loaded for one event is old for the next. */
export function forgetLoaded(loaders: NetworkLoaders): void {
  for (const loader of Object.values(loaders)) loader.clearAll();
}
