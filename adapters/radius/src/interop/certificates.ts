import { execFile } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Certificate {
  readonly keyFile: string;
  readonly certFile: string;
  readonly key: string;
  readonly cert: string;
}

/** For tests: an authority and certificates it signs, made by the openssl program in a folder of its own. */
export async function makeCertificates(names: readonly string[]): Promise<{
  readonly folder: string;
  readonly authority: Certificate;
  readonly issued: Readonly<Record<string, Certificate>>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'dotmac-certificates-'));
  const at = (name: string) => join(folder, name);
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const read = async (name: string): Promise<Certificate> => ({
    keyFile: at(`${name}.key`),
    certFile: at(`${name}.pem`),
    key: await readFile(at(`${name}.key`), 'utf8'),
    cert: await readFile(at(`${name}.pem`), 'utf8'),
  });
  const authority = [
    '-x509',
    '-days',
    '2',
    '-subj',
    '/CN=lab authority',
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.pem'),
  ];
  await run('openssl', ['req', ...curve, ...authority]);
  const issued: Record<string, Certificate> = {};
  for (const name of names) {
    await run('openssl', [
      'req',
      ...curve,
      '-subj',
      `/CN=${name}`,
      '-keyout',
      at(`${name}.key`),
      '-out',
      at(`${name}.csr`),
    ]);
    await writeFile(
      at(`${name}.ext`),
      `subjectAltName=DNS:${name},IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n`,
    );
    const signing = [
      '-CA',
      at('ca.pem'),
      '-CAkey',
      at('ca.key'),
      '-CAcreateserial',
      '-days',
      '2',
      '-extfile',
      at(`${name}.ext`),
    ];
    await run('openssl', ['x509', '-req', '-in', at(`${name}.csr`), '-out', at(`${name}.pem`), ...signing]);
    issued[name] = await read(name);
  }
  return { folder, authority: await read('ca'), issued };
}
