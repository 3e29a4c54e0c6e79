/** What `tenant-runtime.ts` loads, and nothing else: run to have it compiled (`workload.ts`). */
import '@dotmac/device';
import '@dotmac/platform';
import '@dotmac/radius';
import '@dotmac/routeros';
import '@dotmac/snmp';
import '@dotmac/subgraph-billing';
import '@dotmac/subgraph-network';
import '@dotmac/subgraph-subscribers';
import 'zod';
import './serve.ts';
