import { execFile } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

export interface Certificate {
  readonly keyFile: string;
  readonly certFile: string;
  readonly key: string;
  readonly cert: string;
}

export interface CertificateOptions {
  /** Days it is valid for, default 2; -1 has it ended already. */
  readonly days?: number;
  /** Default the name, and 127.0.0.1. */
  readonly subjectAltName?: string;
  readonly extendedKeyUsage?: string;
}

/** For tests: an authority with what it signs, made by the openssl program in a folder of its own. */
export class TestAuthority {
  readonly folder: string;
  readonly authority: Certificate;

  private constructor(folder: string, authority: Certificate) {
    this.folder = folder;
    this.authority = authority;
  }

  static async create(): Promise<TestAuthority> {
    const folder = await mkdtemp(join(tmpdir(), 'dotmac-certificates-'));
    const [key, cert] = [join(folder, 'ca.key'), join(folder, 'ca.pem')];
    const subject = ['-x509', '-days', '2', '-subj', '/CN=lab authority', '-keyout', key, '-out', cert];
    await run('openssl', ['req', ...curve, ...subject]);
    return new TestAuthority(folder, await readCertificate(folder, 'ca'));
  }

  /** Signs a certificate of this common name. */
  async issue(name: string, options: CertificateOptions = {}): Promise<Certificate> {
    const { days = 2, subjectAltName = `DNS:${name},IP:127.0.0.1`, extendedKeyUsage } = options;
    const [key, request, extensions] = [
      this.#at(`${name}.key`),
      this.#at(`${name}.csr`),
      this.#at(`${name}.ext`),
    ];
    await run('openssl', ['req', ...curve, '-subj', `/CN=${name}`, '-keyout', key, '-out', request]);
    const usage = `extendedKeyUsage=${extendedKeyUsage ?? 'serverAuth,clientAuth'}\n`;
    await writeFile(
      extensions,
      `${subjectAltName === '' ? '' : `subjectAltName=${subjectAltName}\n`}${usage}`,
    );
    const by = ['-CA', this.#at('ca.pem'), '-CAkey', this.#at('ca.key'), '-CAcreateserial'];
    const out = ['-days', String(days), '-extfile', extensions, '-out', this.#at(`${name}.pem`)];
    await run('openssl', ['x509', '-req', '-in', request, ...by, ...out]);
    return readCertificate(this.folder, name);
  }

  /** The list of what it has revoked, PEM. */
  async revoke(...certificates: readonly Certificate[]): Promise<string> {
    const config = this.#at('ca.conf');
    const database = this.#at('index.txt');
    await writeFile(database, '', { flag: 'a' });
    await writeFile(
      config,
      `[ca]\ndefault_ca=own\n[own]\ndatabase=${database}\ndefault_md=sha256\ndefault_crl_days=2\n`,
    );
    const by = ['ca', '-config', config, '-cert', this.#at('ca.pem'), '-keyfile', this.#at('ca.key')];
    for (const { certFile } of certificates) await run('openssl', [...by, '-revoke', certFile]);
    await run('openssl', [...by, '-gencrl', '-out', this.#at('crl.pem')]);
    return readFile(this.#at('crl.pem'), 'utf8');
  }

  #at(file: string): string {
    return join(this.folder, file);
  }
}

async function readCertificate(folder: string, name: string): Promise<Certificate> {
  const [keyFile, certFile] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
  const [key, cert] = await Promise.all([readFile(keyFile, 'utf8'), readFile(certFile, 'utf8')]);
  return { keyFile, certFile, key, cert };
}

/** For tests: an authority and certificates it signs. */
export async function makeCertificates(names: readonly string[]): Promise<{
  readonly folder: string;
  readonly authority: Certificate;
  readonly issued: Readonly<Record<string, Certificate>>;
}> {
  const made = await TestAuthority.create();
  const issued: Record<string, Certificate> = {};
  for (const name of names) issued[name] = await made.issue(name);
  return { folder: made.folder, authority: made.authority, issued };
}
