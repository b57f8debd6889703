// Stands in for the server: dist/ under the policy the real one sends, and answers of the right shape made from the
// schema alone. For work on the console without a Rust build; what is true of the real server only a real one shows. With
// THROUGHLINE_API, the address of a server, the answers are its own, and only the files come from here.
import { existsSync, readFileSync } from 'node:fs';
import { createServer, request as ask } from 'node:http';
import { extname, join, normalize } from 'node:path';
import {
  buildSchema,
  getNamedType,
  getNullableType,
  graphql,
  isAbstractType,
  isEnumType,
  isListType,
  isScalarType,
} from 'graphql';

export const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  // Monaco writes style elements and attributes.
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "worker-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const DIST = new URL('../dist/', import.meta.url).pathname;
const API = process.env['THROUGHLINE_API'];
/** As `is_page` in src/http/console.rs. */
const PAGES = /^\/(customers\/[^/.]+|desk|greet|journeys|live|playground|segments)?$/;
const SCHEMA = process.env['THROUGHLINE_SCHEMA'] ?? new URL('../../schema.graphql', import.meta.url).pathname;

/** @type {Record<string, string>} */
const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ttf': 'font/ttf',
};

/** Listens on a port of its own; `url` is where, `close` ends it. */
export async function startFixture(port = 0) {
  const schema = buildSchema(readFileSync(SCHEMA, 'utf8'));
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://fixture');
    if (API && /^\/(graphql|pictures|health\/.+)$/.test(pathname)) forward(API, request, response);
    else if (pathname === '/health/live') response.end('ok');
    else if (pathname === '/graphql') void answer(schema, request, response);
    else sendFile(pathname, request, response);
  });
  await new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(null)));
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); }),
  };
}

/**
 * @param {string} api
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
function forward(api, request, response) {
  const { method = 'GET', url = '/', headers } = request;
  const onward = ask(new URL(url, api), { method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    // A stream has opened before its first event.
    response.flushHeaders();
    answer.pipe(response);
  });
  onward.on('error', () => response.writeHead(502).end());
  response.on('close', () => onward.destroy());
  request.pipe(onward);
}

/**
 * @param {string} pathname
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
function sendFile(pathname, request, response) {
  const path = join(DIST, normalize(PAGES.test(pathname) ? '/index.html' : pathname));
  if (!existsSync(path)) return void response.writeHead(404).end();
  const accepted = request.headers['accept-encoding'] ?? '';
  const [encoding, file] = /\bbr\b/.test(accepted) && existsSync(`${path}.br`) ? ['br', `${path}.br`] : ['', path];
  response.setHeader('Content-Type', TYPES[extname(path)] ?? 'application/octet-stream');
  response.setHeader('Content-Security-Policy', POLICY);
  response.setHeader('X-Content-Type-Options', 'nosniff');
  if (encoding) response.setHeader('Content-Encoding', encoding);
  response.end(readFileSync(file));
}

/**
 * @param {import('graphql').GraphQLSchema} schema
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
async function answer(schema, request, response) {
  let body = '';
  for await (const chunk of request) body += chunk;
  const { query, variables, operationName } = JSON.parse(body);
  const result = await graphql({
    schema,
    source: query,
    variableValues: variables,
    operationName,
    fieldResolver: (_source, _arguments, _context, info) => invent(info.returnType, info.fieldName, info.schema),
    typeResolver: (value) => value.type,
  });
  if (request.headers.accept?.startsWith('text/event-stream')) {
    response.setHeader('Content-Type', 'text/event-stream; charset=utf-8');
    response.write(`:\n\nevent: next\ndata: ${JSON.stringify(result)}\n\n`);
    return; // it goes on for as long as somebody listens
  }
  response.setHeader('Content-Type', 'application/graphql-response+json; charset=utf-8');
  response.end(JSON.stringify(result));
}

/**
 * A value of the type: two of each list, an object of the first type that fits, a scalar that looks right.
 * @param {import('graphql').GraphQLOutputType} type
 * @param {string} name
 * @param {import('graphql').GraphQLSchema} schema
 * @returns {unknown}
 */
function invent(type, name, schema) {
  const bare = getNullableType(type);
  if (isListType(bare)) return [invent(bare.ofType, name, schema), invent(bare.ofType, name, schema)];
  const named = getNamedType(bare);
  if (isEnumType(named)) return named.getValues()[0]?.value;
  if (isAbstractType(named)) return { type: schema.getPossibleTypes(named)[0]?.name };
  if (!isScalarType(named)) return {};
  /** @type {Record<string, unknown>} */
  const scalars = { Boolean: false, DateTime: '2024-03-01T09:30:00.000Z', Decimal: '19.90', Float: 0.5, Int: 2, Long: 2 };
  return scalars[named.name] ?? `some ${name}`;
}
