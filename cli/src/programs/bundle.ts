import { builtinModules, createRequire } from 'node:module';
import { dirname, isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin } from 'rolldown';

/** Packages that stay as they are: native code, what looks for optional packages of its own, and the bundler. */
const apart = /^(@node-rs\/argon2|pg-native|rolldown)$/;

/**
 * Bundles programs with everything they import into few files: reading 1,700 modules is most of a process's start. Code is not
 * changed otherwise, and modules keep the places they came from, so that files beside them are still found.
 * @param entries path of each program by the name that its file (`<name>.mjs`) gets
 * @throws Error that names the file which cannot be parsed or resolved
 */
export async function bundle(entries: Readonly<Record<string, string>>, target: string): Promise<void> {
  const { rolldown } = await import('rolldown');
  await using build = await rolldown({
    input: { ...entries },
    platform: 'node',
    logLevel: 'silent',
    plugins: [leaveApart, plainBuiltins, keepPlaces(new Set(Object.values(entries)))],
  });
  await build.write({
    dir: target,
    format: 'esm',
    entryFileNames: '[name].mjs',
    chunkFileNames: 'shared/[name]-[hash].mjs',
  });
}

/** The bundle lies elsewhere than `node_modules`: what is not in it is named by its absolute path. */
const leaveApart: Plugin = {
  name: 'leave-apart',
  resolveId: {
    filter: { id: apart },
    handler(source, importer) {
      return { id: importer === undefined ? source : resolved(source, importer), external: true };
    },
  },
};

// The bundler's own runtime imports `node:module`, before anything else.
const builtins = new Set(builtinModules.filter((name) => name !== 'module'));
const marked = '\0builtin:';

/**
 * Takes Node's own modules as they are. An `import` of one reads all that it exports, so that `node:http` alone loads and
 * keeps a whole HTTP client that nobody uses.
 */
const plainBuiltins: Plugin = {
  name: 'plain-builtins',
  resolveId(source) {
    const name = source.replace(/^node:/, '');
    return builtins.has(name) ? `${marked}${name}` : null;
  },
  load(id) {
    if (!id.startsWith(marked)) return null;
    return `module.exports = process.getBuiltinModule(${JSON.stringify(id.slice(marked.length))});`;
  },
};

/** Optional packages that are not installed keep their names: whoever asks for them at run time learns that. */
function resolved(source: string, importer: string): string {
  try {
    return createRequire(importer).resolve(source);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND') return source;
    throw error;
  }
}

const places = /\bimport\.meta\.(?:url|dirname|filename|main)\b|\b__dirname\b|\b__filename\b/;

/** Replaces what a module asks about its own place by the place it came from. */
function keepPlaces(entries: ReadonlySet<string>): Plugin {
  return {
    name: 'keep-places',
    transform: {
      filter: { code: places },
      handler(code, id) {
        if (!isAbsolute(id)) return null;
        const text = (value: string) => JSON.stringify(value);
        const inModule = code
          .replaceAll(/\bimport\.meta\.url\b/g, text(pathToFileURL(id).href))
          .replaceAll(/\bimport\.meta\.dirname\b/g, text(dirname(id)))
          .replaceAll(/\bimport\.meta\.filename\b/g, text(id));
        const withMain = entries.has(id) ? inModule : inModule.replaceAll(/\bimport\.meta\.main\b/g, 'false');
        // CommonJS has them as variables; a module that declares one itself has the inner one.
        const variables = [
          /\b__dirname\b/.test(code) ? `var __dirname = ${text(dirname(id))};` : '',
          /\b__filename\b/.test(code) ? `var __filename = ${text(id)};` : '',
        ];
        return { code: variables.join('') + withMain, map: null };
      },
    },
  };
}
