/** Values of a command's arguments. `''` sends the argument empty, which clears most of them. */
export type Arguments = Readonly<Record<string, string>>;

export interface PrintOptions {
  /** Fields wanted; always given, because rows without it may be large and differ by version. */
  readonly fields: readonly string[];
  /** Query words in order, such as `?name=x`, `?#|`. */
  readonly where?: readonly string[];
  /** Further arguments of `print`, such as `{ stats: '' }`. */
  readonly arguments?: Arguments;
}

/** `/menu/verb` with its arguments as words. */
export function commandWords(command: string, args: Arguments = {}): string[] {
  return [command, ...Object.entries(args).map(([name, value]) => `=${name}=${value}`)];
}

/** A `print` of a menu as words. */
export function printWords(menu: string, options: PrintOptions): string[] {
  const words = commandWords(`${menu}/print`, options.arguments);
  words.push(`=.proplist=${options.fields.join(',')}`, ...(options.where ?? []));
  return words;
}

/** Verbs that only read. Any other command may have changed the device when its answer is lost. */
const readingVerbs = new Set([
  'print',
  'getall',
  'get',
  'listen',
  'find',
  'monitor',
  'monitor-traffic',
  'ping',
  'traceroute',
  'torch',
  'login',
  'cancel',
]);

/** Whether a command may change the device. */
export function isWrite(command: string): boolean {
  return !readingVerbs.has(command.slice(command.lastIndexOf('/') + 1));
}
