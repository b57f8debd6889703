// Writes src/api/generated.ts: the types of ../schema.graphql that the pages use, and a typed document for each
// operation of src/**/*.graphql and of the pictures; and src/segments/shape.ts: the fields of a CustomerCondition, from
// which its form is made. With --check it writes nothing and fails when a file is not up to date.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codegen } from '@graphql-codegen/core';
import * as documents from '@graphql-codegen/typed-document-node';
import * as operations from '@graphql-codegen/typescript-operations';
import { buildASTSchema, getNamedType, isEnumType, isInputObjectType, isListType, isNonNullType, parse } from 'graphql';

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
const HEAD = '// Written by scripts/generate.mjs from ../schema.graphql';
/** @type {[path: string, text: string][]} */
const outputs = [
  [TARGET, `${HEAD} and src/**/*.graphql. Do not edit.\n${body.trimEnd()}\n`],
  [join(SRC, 'segments/shape.ts'), `${HEAD}. Do not edit.\nimport type { Choice, Shape } from './edit';\n\n${shapes('CustomerCondition')}`],
];

for (const [path, text] of outputs) {
  if (!process.argv.includes('--check')) {
    writeFileSync(path, text);
  } else if (!existsSync(path) || readFileSync(path, 'utf8') !== text) {
    console.error(`${path.slice(SRC.length - 'src/'.length)} is not up to date: npm run generate`);
    process.exitCode = 1;
  }
}

/**
 * The input types and enums that are reached from an input type, as data.
 * @param {string} root
 */
function shapes(root) {
  const built = buildASTSchema(schema, { assumeValid: true });
  /** @type {Record<string, import('../src/segments/edit').Shape>} */
  const inputs = {};
  /** @type {Record<string, import('../src/segments/edit').Choice[]>} */
  const enums = {};
  /** @param {string} name */
  const visit = (name) => {
    const type = built.getType(name);
    if (isEnumType(type)) enums[name] ??= type.getValues().map((value) => ({ name: value.name, about: line(value.description) }));
    if (!isInputObjectType(type) || inputs[name]) return;
    const fields = Object.values(type.getFields());
    inputs[name] = {
      oneOf: type.isOneOf,
      about: line(type.description),
      fields: fields.map((field) => {
        const inner = isNonNullType(field.type) ? field.type.ofType : field.type;
        return {
          name: field.name,
          type: getNamedType(field.type).name,
          list: isListType(inner),
          required: isNonNullType(field.type) && field.defaultValue === undefined,
          ...(field.defaultValue !== undefined && { start: withoutNulls(field.defaultValue) }),
          about: line(field.description),
        };
      }),
    };
    for (const field of fields) visit(getNamedType(field.type).name);
  };
  visit(root);
  return `export const INPUTS: Record<string, Shape> = ${JSON.stringify(inputs, null, 2)};\n\nexport const ENUMS: Record<string, Choice[]> = ${JSON.stringify(enums, null, 2)};\n`;
}

/** @param {string | null | undefined} description */
function line(description) {
  return (description ?? '').replaceAll(/\s+/g, ' ').trim();
}

/** @param {unknown} value */
function withoutNulls(value) {
  return JSON.parse(JSON.stringify(value, (_, part) => (part === null ? undefined : part)));
}
