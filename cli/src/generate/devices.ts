import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { devicesDocument } from '@dotmac/snmp';

/** `pnpm devices`: writes the catalogue of devices from the rules and profiles. */
const file = fileURLToPath(new URL('../../../docs/devices.md', import.meta.url));
await writeFile(file, devicesDocument());
