// Writes X.br and X.gz beside every file X of dist/ that gets smaller by it, for a server that serves them as they are.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const DIST = new URL('../dist/', import.meta.url).pathname;
const COMPRESSIBLE = new Set(['.css', '.html', '.js', '.json', '.md', '.svg', '.ttf', '.txt']);
// Below this a second file costs more than it saves.
const MIN_BYTES = 512;

const totals = { raw: 0, br: 0, gz: 0 };
for (const entry of readdirSync(DIST, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath ?? entry.path, entry.name);
  if (!entry.isFile() || !COMPRESSIBLE.has(extname(path))) continue;
  const raw = readFileSync(path);
  totals.raw += raw.length;
  for (const [ending, packed] of /** @type {const} */ ([
    ['br', brotliCompressSync(raw, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: raw.length } })],
    ['gz', gzipSync(raw, { level: 9 })],
  ])) {
    const worth = raw.length >= MIN_BYTES && packed.length < raw.length;
    if (worth) writeFileSync(`${path}.${ending}`, packed);
    totals[ending] += worth ? packed.length : raw.length;
  }
}
if (totals.raw === 0) throw new Error('dist/ holds nothing to compress: run vite build first');
console.log(`compressed: ${totals.raw} bytes, ${totals.br} as br, ${totals.gz} as gz`);
