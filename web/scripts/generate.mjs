// Writes src/api/generated.ts: the types of ../schema.graphql that the pages use, and a typed document for each
// operation of src/**/*.graphql and of the pictures. With --check it writes nothing and fails when the file is not up to date.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codegen } from '@graphql-codegen/core';
import * as documents from '@graphql-codegen/typed-document-node';
import * as operations from '@graphql-codegen/typescript-operations';
import { parse } from 'graphql';

const SRC = new URL('../src/', import.meta.url).pathname;
const TARGET = join(SRC, 'api/generated.ts');
const schema = parse(readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8'));
// The documents of the pictures are the program's own: the server runs them, and the pages fill in their variables.
const PICTURES = new URL('../../src/pictures/documents/', import.meta.url).pathname;
const files = [SRC, PICTURES].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.graphql')).sort().map((path) => join(folder, path)),
);
const scalars = { DateTime: 'string', Decimal: 'string', Duration: 'string', JSON: 'unknown', Long: 'number' };

const body = await codegen({
  filename: TARGET,
  schema,
  documents: files.map((path) => ({ location: path, document: parse(readFileSync(path, 'utf8')) })),
  plugins: [{ operations: {} }, { documents: {} }],
  pluginMap: { operations, documents },
  config: {
    scalars,
    strictScalars: true,
    useTypeImports: true,
    enumsAsTypes: true,
    skipTypename: true,
    documentMode: 'string',
    dedupeFragments: true,
    inlineFragmentTypes: 'combine',
  },
});
const text = `// Written by scripts/generate.mjs from ../schema.graphql and src/**/*.graphql. Do not edit.\n${body.trimEnd()}\n`;

if (!process.argv.includes('--check')) {
  writeFileSync(TARGET, text);
} else if (!existsSync(TARGET) || readFileSync(TARGET, 'utf8') !== text) {
  console.error('src/api/generated.ts is not up to date: npm run generate');
  process.exit(1);
}
