// A Chromium with a fresh profile, and a page whose every request, message and policy violation is written down.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { chromium } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** @typedef {import('playwright-core').Page} Page */

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/**
 * Runs `use` with a browser context that nothing is left of afterwards.
 * @param {import('playwright-core').BrowserContextOptions} options
 * @param {(context: import('playwright-core').BrowserContext) => Promise<void>} use
 */
export async function withBrowser(options, use) {
  const profile = await mkdtemp(join(tmpdir(), 'throughline-console-'));
  try {
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: executable(),
      args: FLAGS,
      viewport: { width: 1280, height: 800 },
      ...options,
    });
    try {
      await use(context);
    } finally {
      await context.close();
    }
  } finally {
    await rm(profile, { recursive: true, force: true });
  }
}

function executable() {
  const places = ['chromium', 'chromium-browser', 'google-chrome'].map((name) => `/usr/bin/${name}`);
  const found = process.env['CHROMIUM'] ?? places.find((place) => existsSync(place));
  if (!found) throw new Error('no Chromium: apt-get install chromium, or name one in CHROMIUM');
  return found;
}

/**
 * What a page did that it should not have: filled while the page lives.
 * @param {import('playwright-core').BrowserContext} context
 * @param {string} origin
 */
export async function watch(context, origin) {
  /** @type {{elsewhere: string[], complaints: string[], workers: string[]}} */
  const seen = { elsewhere: [], complaints: [], workers: [] };
  // On the context, so that requests by workers are seen too.
  context.on('request', (request) => {
    const url = new URL(request.url());
    if (url.origin !== origin && !['data:', 'blob:'].includes(url.protocol)) seen.elsewhere.push(request.url());
  });
  await context.exposeBinding('reportViolation', (_source, /** @type {string} */ text) => seen.complaints.push(text));
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      reportViolation(`policy violation: ${event.violatedDirective} by ${event.blockedURI}`);
    });
  });
  await context.addInitScript(addHelpers);
  const page = await context.newPage();
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) seen.complaints.push(`console ${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => seen.complaints.push(`page error: ${error.stack ?? error.message}`));
  page.on('worker', (worker) => seen.workers.push(worker.url()));
  return { page, seen };
}

/**
 * @param {Page} page
 * @param {string} where
 */
export async function checkAxe(page, where) {
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { violations } = await axe.run(document);
    return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 160)).slice(0, 3).join(' | ')}`);
  });
  assert.deepEqual(found, [], where);
}

/**
 * A test in light and one in dark, which may put axe into the page: the policy would refuse it, and all other tests are held
 * to the policy.
 * @param {string} title
 * @param {string} origin
 * @param {(page: Page, scheme: string) => Promise<void>} use
 */
export function testSchemes(title, origin, use) {
  for (const scheme of /** @type {const} */ (['light', 'dark'])) {
    test(`${title} in ${scheme}`, () => withBrowser({ colorScheme: scheme, bypassCSP: true }, async (context) => {
      await use((await watch(context, origin)).page, scheme);
    }));
  }
}

/**
 * Opens pages in a window as wide as one at 400 % zoom. None may scroll sideways.
 * @param {string} origin
 * @param {string[]} paths
 * @param {(page: Page) => Promise<void>} ready
 */
export async function checkNarrow(origin, paths, ready) {
  await withBrowser({ viewport: { width: 320, height: 640 } }, async (context) => {
    const { page } = await watch(context, origin);
    for (const path of paths) {
      await page.goto(origin + path);
      await ready(page);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(over <= 0, `${path}: ${over} pixels too wide`);
    }
  });
}

/**
 * Keeps a picture of the page in the folder that SCREENSHOTS names, when it names one.
 * @param {Page} page
 * @param {string} name
 * @param {boolean} fullPage
 */
export async function keepPicture(page, name, fullPage = true) {
  const folder = process.env['SCREENSHOTS'];
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage });
}

/** @param {{elsewhere: string[], complaints: string[]}} seen */
export function clean(seen) {
  assert.deepEqual(seen.elsewhere, [], 'nothing leaves the host');
  assert.deepEqual(seen.complaints, []);
}

/** Runs in the page: what the tests ask it for again and again. globals.d.ts declares it. */
function addHelpers() {
  globalThis.editor = (name) => {
    const found = globalThis.__MONACO?.editor.getEditors().find((one) => one.getModel()?.uri.path.endsWith(name));
    if (!found) throw new Error(`no editor for ${name} yet`);
    return found;
  };
  globalThis.editorText = (name) => globalThis.editor(name).getModel()?.getValue() ?? '';
  globalThis.byClass = (name) => {
    const [found] = document.getElementsByClassName(name);
    if (!found) throw new Error(`nothing of class ${name}`);
    return found;
  };
  globalThis.luminance = (color) => {
    const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+/g) ?? []).map(Number);
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
  };
}
