import type { JobHandler } from '@dotmac/platform';
import type { BillingServices } from '../builder.ts';
import { documentsById } from '../document/store.ts';
import { snapshotOfText } from '../rendering/rules-snapshot.ts';
import { seller } from '../seller/store.ts';
import { mailQueue } from './queue.ts';
import { type Mail, mailById, mailServer, openMailUrl, updateMail } from './store.ts';

const timeoutMilliseconds = 20_000;

/**
 * Hands letters to the mail server. One that dies after the server took it hands it over again, under the same
 * Message-ID. What the server will never take (RFC 5321, 5yz) is given up.
 */
export function mailJob(services: BillingServices): JobHandler<{ id: string }> {
  return { queue: mailQueue, tries: 10, concurrency: 2, run: ({ id }) => sendMail(services, id) };
}

async function sendMail(services: BillingServices, id: string): Promise<void> {
  const { database, clock } = services;
  const mail = await mailById(database, id);
  if (mail === null || mail.state === 'sent') return;
  try {
    await handOver(services, mail);
  } catch (error) {
    const code = error instanceof Error && 'responseCode' in error ? Number(error.responseCode) : 0;
    const isFinal = code >= 500 && code < 600;
    await updateMail(database, id, { state: isFinal ? 'failed' : 'queued', problem: String(error) });
    if (isFinal) return;
    throw error;
  }
  await updateMail(database, id, { state: 'sent', problem: null, sentAt: new Date(clock.now()) });
}

async function handOver({ database, secrets, tenant }: BillingServices, mail: Mail): Promise<void> {
  const server = await mailServer(database);
  if (server === null) throw new Error('There is no mail server any more');
  // Loaded with the first letter, as the PDF's code is: a runtime starts without them.
  const { createTransport } = await import('nodemailer');
  const transport = createTransport({
    url: openMailUrl(secrets, server),
    connectionTimeout: timeoutMilliseconds,
    greetingTimeout: timeoutMilliseconds,
    socketTimeout: timeoutMilliseconds,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    await transport.sendMail({
      messageId: `<${mail.id}@${server.sender.split('@')[1]}>`,
      from: { name: (await seller(database))?.name ?? tenant?.name ?? '', address: server.sender },
      to: mail.recipient,
      subject: mail.subject,
      text: mail.body,
      headers: { 'Auto-Submitted': 'auto-generated' },
      attachments: await attachmentsOf(database, mail),
    });
  } finally {
    transport.close();
  }
}

async function attachmentsOf(database: BillingServices['database'], { documentId }: Mail) {
  if (documentId === null) return [];
  const [document] = await documentsById(database, [documentId]);
  if (document === undefined) throw new Error(`There is no document ${documentId}`);
  const { pdfDocument } = await import('../rendering/pdf.ts');
  const content = Buffer.from(await pdfDocument(snapshotOfText(document.snapshot), undefined));
  return [{ filename: `${document.number}.pdf`, content, contentType: 'application/pdf' }];
}
