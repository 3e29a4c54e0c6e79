import { ValidationError } from './errors.ts';

/** An e-mail address that a message can go to: one mailbox, nothing that could be a header or a list (RFC 5321, 4.5.3.1). */
export const isMailbox = (text: string): boolean =>
  text.length <= 254 && /^[^\s@<>(),;:"\\[\]]{1,64}@[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)*$/.test(text);

/** An address as we keep it: without spaces around it, in lower case. @throws ValidationError for `field` */
export function readMailbox(field: string, text: string): string {
  const mailbox = text.trim().toLowerCase();
  if (!isMailbox(mailbox)) throw new ValidationError(field, `"${mailbox}" is not an e-mail address`);
  return mailbox;
}
