const scratch = Buffer.alloc(1024);
/** Three octets each at most. */
const mostUnits = Math.floor(scratch.length / 3);

/** A password in UTF-8: the first `length` of `octets`. */
export interface Cleartext {
  octets: Uint8Array;
  length: number;
}
const open: Cleartext = { octets: scratch, length: 0 };

/** The octets of a password, which hold until the next call: a buffer for each costs as much as hashing it. */
export function cleartextOctets(password: string): Readonly<Cleartext> {
  const { length } = password;
  open.octets = length > mostUnits ? Buffer.from(password, 'utf8') : scratch;
  open.length = open.octets === scratch ? writeUtf8(password) : open.octets.length;
  return open;
}

/** Passwords are ASCII but for a few. */
function writeUtf8(password: string): number {
  for (let at = 0; at < password.length; at++) {
    const unit = password.charCodeAt(at);
    if (unit > 127) return scratch.write(password, 'utf8');
    scratch[at] = unit;
  }
  return password.length;
}
