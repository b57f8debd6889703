// Fails when the lock file names a package whose licence is not a permissive one that we know.
import { readFileSync } from 'node:fs';

const ALLOWED = new Set(['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'PSF-2.0']);

/** Packages that only tests use: nothing of them is built into the console. */
const ONLY_FOR_TESTS = new Map([['node_modules/axe-core', 'MPL-2.0']]);

/** @type {{packages: Record<string, {version?: string, license?: string, dev?: boolean}>}} */
const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'));
const refused = Object.entries(lock.packages)
  .filter(([path, { license, dev }]) => !ALLOWED.has(license ?? '') && !(dev && ONLY_FOR_TESTS.get(path) === license))
  .map(([path, { version, license, dev }]) => `${path}@${version}${dev ? ' (build only)' : ''}: ${license ?? 'no licence given'}`);

if (refused.length > 0) {
  console.error(`licences that are not on the list in scripts/licences.mjs:\n${refused.join('\n')}`);
  process.exit(1);
}
