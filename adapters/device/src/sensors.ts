/** How bad a state is, as a device's profile says; `unknown`: the profile says nothing of it. */
export type SensorSeverity = 'ok' | 'warning' | 'critical' | 'unknown';

/** Limits that a device itself names for a reading, in its unit; null: none on that side. */
export interface SensorLimits {
  readonly lowCritical: number | null;
  readonly lowWarning: number | null;
  readonly highWarning: number | null;
  readonly highCritical: number | null;
}

/** Something a device measures, or a state it is in. */
export interface DeviceSensor {
  /** What makes it the same at the next reading, also when its index has moved. */
  readonly key: string;
  /** `radio`: of a wireless or microwave link. */
  readonly kind: 'sensor' | 'radio';
  /** What is measured: `temperature`, `voltage`, `dbm`, `state`, `rssi` and so on. */
  readonly class: string;
  readonly name: string;
  /** In `unit`; of a state, the device's own number of it. */
  readonly value: number;
  /** Such as `°C`; null for states, counts and what has none. */
  readonly unit: string | null;
  /** Of a state. */
  readonly severity: SensorSeverity | null;
  /** Of a state: its name. */
  readonly text: string | null;
  readonly limits: SensorLimits | null;
}

const units: Readonly<Record<string, string>> = {
  temperature: '°C',
  voltage: 'V',
  current: 'A',
  power_consumed: 'kWh',
  humidity: '%',
  load: '%',
  percent: '%',
  charge: '%',
  loss: '%',
  utilization: '%',
  ccq: '%',
  quality: '%',
  fanspeed: 'rpm',
  runtime: 'min',
  dbm: 'dBm',
  rssi: 'dBm',
  rsrp: 'dBm',
  'noise-floor': 'dBm',
  signal: 'dBm',
  tv_signal: 'dBmV',
  snr: 'dB',
  sinr: 'dB',
  rsrq: 'dB',
  xpi: 'dB',
  ssr: 'dB',
  mse: 'dB',
  signal_loss: 'dB',
  rate: 'bit/s',
  bitrate: 'bit/s',
  pressure: 'kPa',
  delay: 's',
  quality_factor: 'dB',
  chromatic_dispersion: 'ps/nm',
  airflow: 'cfm',
  waterflow: 'l/min',
  cooling: 'W',
  capacity: '%',
  'error-rate': 'bit/s',
};
const radioUnits: Readonly<Record<string, string>> = { frequency: 'MHz', power: 'dBm', distance: 'km' };
const sensorUnits: Readonly<Record<string, string>> = { frequency: 'Hz', power: 'W' };

/** The unit in which every reading of a class is given; null where there is none. */
export function unitOfSensor(kind: DeviceSensor['kind'], sensorClass: string): string | null {
  const own = kind === 'radio' ? radioUnits : sensorUnits;
  return own[sensorClass] ?? units[sensorClass] ?? null;
}
