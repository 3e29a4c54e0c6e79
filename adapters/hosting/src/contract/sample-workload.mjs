// The smallest workload that keeps the contract: HTTP on DOTMAC_LISTEN, health, graceful SIGTERM. It also
// answers questions about what it was given, and misbehaves on request.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const { DOTMAC_LISTEN = '', DOTMAC_SECRETS = '', SAMPLE = '' } = process.env;
let draining = false;
let hung = false;

const answers = {
  '/health/live': () => (hung ? undefined : 'live'),
  '/health/ready': () => (draining || hung || SAMPLE === 'never-ready' ? undefined : 'ready'),
  '/environment': () => JSON.stringify(process.env),
  '/identity': () =>
    JSON.stringify({ uid: process.getuid?.(), groups: process.getgroups?.(), pid: process.pid }),
  '/secret': () => readFileSync(`${DOTMAC_SECRETS}/database-url`, 'utf8'),
  '/hang': () => {
    hung = true;
    return 'hung';
  },
  '/crash': () => process.exit(7),
};

const server = createServer((request, response) => {
  const answer = answers[request.url]?.();
  response.writeHead(answer === undefined ? 503 : 200).end(answer);
});
server.listen(DOTMAC_LISTEN.replace('unix:', ''), () => {
  console.log(JSON.stringify({ time: Date.now(), msg: `listening with ${SAMPLE || 'defaults'}` }));
});
process.on('SIGTERM', () => {
  if (SAMPLE === 'ignores-sigterm') return;
  draining = true;
  server.close(() => {
    console.log(JSON.stringify({ time: Date.now(), msg: 'drained' }));
    process.exit(0);
  });
});
