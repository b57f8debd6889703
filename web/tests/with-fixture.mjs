// `npm run test:fixture`: the browser tests against the stand-in. With --serve it only serves, for a person to look.
import { spawn } from 'node:child_process';
import { startFixture } from './fixture.mjs';

const serve = process.argv.includes('--serve');
const fixture = await startFixture(serve ? 8080 : 0);
if (serve) {
  console.log(`the stand-in is at ${fixture.url}; stop it with Ctrl-C`);
} else {
  const tests = spawn(process.execPath, ['--test', new URL('console.test.mjs', import.meta.url).pathname], {
    stdio: 'inherit',
    env: { ...process.env, THROUGHLINE_URL: fixture.url },
  });
  tests.on('exit', (code) => void fixture.close().then(() => process.exit(code ?? 1)));
}
