// `npm run test:fixture`: the playground's tests against the stand-in; with THROUGHLINE_API, a server with the demo, all
// tests. With --serve it only serves, for a person to look.
import { spawn } from 'node:child_process';
import { startFixture } from './fixture.mjs';

const serve = process.argv.includes('--serve');
const fixture = await startFixture(serve ? Number(process.env['PORT'] ?? 8080) : 0);
if (serve) {
  console.log(`the stand-in is at ${fixture.url}; stop it with Ctrl-C`);
} else {
  const names = process.env['THROUGHLINE_API'] ? ['pages.test.mjs', 'figures.test.mjs', 'segments.test.mjs', 'desk.test.mjs', 'playground.test.mjs'] : ['playground.test.mjs'];
  const files = names.map((name) => new URL(name, import.meta.url).pathname);
  const tests = spawn(process.execPath, ['--test', '--test-concurrency=1', ...files], {
    stdio: 'inherit',
    env: { ...process.env, THROUGHLINE_URL: fixture.url },
  });
  tests.on('exit', (code) => void fixture.close().then(() => process.exit(code ?? 1)));
}
