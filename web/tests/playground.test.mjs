// The playground in a real browser, against the server at THROUGHLINE_URL.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watch, withBrowser } from './browser.mjs';

const ORIGIN = new URL(process.env['THROUGHLINE_URL'] ?? 'http://127.0.0.1:8080').origin;

const PLAYGROUND = `${ORIGIN}/playground`;

/** @typedef {import('playwright-core').Page} Page */

test('the page loads, a ready query shows its result, and nothing leaves the host', async () => {
  await withBrowser({}, async (context) => {
    const { page, seen } = await watch(context, ORIGIN);
    const response = await page.goto(PLAYGROUND);
    assert.equal(response?.status(), 200);
    const policy = response?.headers()['content-security-policy'] ?? '';
    assert.match(policy, /script-src 'self'(;|$)/, 'scripts come from the host only, and none is inline or evaluated');

    await ready(page);
    assert.equal(await page.title(), 'Playground – Throughline');
    assert.equal(await page.getByRole('heading', { level: 1 }).innerText(), 'Playground');

    await page.getByRole('button', { name: /^Execute query/ }).click();
    const answer = await result(page);
    assert.equal(answer.errors, undefined, JSON.stringify(answer.errors));
    assert.ok(answer.data && Object.values(answer.data).some((value) => value !== null), 'the ready query finds something');

    for (const name of ['graphql', 'json']) {
      const ours = (/** @type {string} */ url) => url.startsWith(`${ORIGIN}/assets/${name}.worker-`);
      const started = seen.workers.some(ours) || page.waitForEvent('worker', (worker) => ours(worker.url()));
      assert.ok(await started, `the ${name} worker is a file of ours`);
    }
    assert.deepEqual(seen.elsewhere, []);
    assert.deepEqual(seen.complaints, []);
  });
});

test('every ready query of the panel opens in a tab and runs without an error', async () => {
  await withBrowser({}, async (context) => {
    const { page, seen } = await watch(context, ORIGIN);
    await page.goto(PLAYGROUND);
    await ready(page);
    const buttons = await page.locator('.worlds li button').all();
    const titles = await Promise.all(buttons.map(async (button) => (await button.getAttribute('aria-label')) ?? ''));
    assert.ok(titles.length > 0, 'the panel lists the ready queries');
    for (const title of titles) {
      await page.locator('.worlds').getByRole('button', { name: title, exact: true }).click();
      await page.waitForFunction((text) => editorText('operation.graphql').includes(text), `# ${title}`);
      // Focus is in the editor, so the keyboard alone goes on.
      await page.keyboard.press('Control+Enter');
      const answer = await result(page);
      assert.equal(answer.errors, undefined, `${title}: ${JSON.stringify(answer.errors)}`);
      await page.evaluate(() => editor('response.json').setValue(''));
    }
    const tabs = await page.getByRole('tab').count();
    await page.locator('.worlds li button').first().click();
    assert.equal(await page.getByRole('tab').count(), tabs, 'a query that is open already gets no second tab');
    assert.deepEqual(seen.elsewhere, []);
    assert.deepEqual(seen.complaints, []);
  });
});

test('a subscription shows what happens until it is stopped', async () => {
  await withBrowser({}, async (context) => {
    const { page, seen } = await watch(context, ORIGIN);
    await page.goto(PLAYGROUND);
    await ready(page);
    await page.getByRole('button', { name: 'New tab' }).click();
    // From the beginning of the log on, of which the demo has much.
    const query = 'subscription FromTheBeginning { changes(after: "Y2hhbmdlOjA") { kind messageId } }';
    await page.evaluate((text) => editor('operation.graphql').setValue(text), query);
    await page.getByRole('button', { name: /^Execute query/ }).click();
    const answer = await result(page);
    assert.equal(answer.errors, undefined, JSON.stringify(answer.errors));
    assert.ok(answer.data?.['changes'], JSON.stringify(answer));
    await page.getByRole('button', { name: /^Stop query/ }).click();
    await page.getByRole('button', { name: /^Execute query/ }).waitFor();
    assert.deepEqual(seen.elsewhere, []);
    assert.deepEqual(seen.complaints, []);
  });
});

test('the schema completes and checks what is typed', async () => {
  await withBrowser({}, async (context) => {
    const { page, seen } = await watch(context, ORIGIN);
    await page.goto(PLAYGROUND);
    await ready(page);
    await page.getByRole('button', { name: 'New tab' }).click();
    await page.evaluate(() => {
      editor('operation.graphql').setValue('{ status { noSuchField } }');
      editor('operation.graphql').focus();
    });
    await page.waitForFunction(() =>
      __MONACO?.editor.getModelMarkers({}).some(({ message }) => message.includes('noSuchField')),
    );
    await page.evaluate(() => {
      editor('operation.graphql').setValue('{ status {  } }');
      editor('operation.graphql').setPosition({ lineNumber: 1, column: 12 });
    });
    await page.keyboard.press('Control+Space');
    await page.locator('.suggest-widget').getByText('touchpoints').first().waitFor();
    await page.keyboard.press('Escape');
    assert.deepEqual(seen.complaints, []);
  });
});

test('the keyboard alone reaches everything and is never caught in an editor', async () => {
  await withBrowser({}, async (context) => {
    const { page } = await watch(context, ORIGIN);
    await page.goto(PLAYGROUND);
    await ready(page);
    /** @type {string[]} */
    const stops = [];
    for (let i = 0; i < 200; i++) {
      await page.keyboard.press('Tab');
      const stop = await page.evaluate(() => {
        const element = document.activeElement;
        if (!element || element === document.body) return '';
        const label = element instanceof HTMLInputElement ? element.labels?.[0]?.textContent : null;
        return element.getAttribute('aria-label') ?? label ?? element.textContent?.trim() ?? element.tagName;
      });
      if (stop === '') break;
      stops.push(stop);
      // Into the editor, as a person would who wants to type.
      if (stop.startsWith('Query: ')) await page.keyboard.press('Enter');
    }
    for (const wanted of [/Worlds$/, /^Query: /, /^Execute query/, /^Variables/, /^Result Window|^Answer/]) {
      assert.ok(stops.some((stop) => wanted.test(stop)), `Tab reaches ${wanted}: ${stops.join(' | ')}`);
    }
    assert.ok(stops.every((stop) => stop !== ''), 'every stop has a name');
  });
});

for (const scheme of /** @type {const} */ (['light', 'dark'])) {
  test(`the page is ${scheme} when the system is, and follows it`, async () => {
    await withBrowser({ colorScheme: scheme }, async (context) => {
      const { page } = await watch(context, ORIGIN);
      await page.goto(PLAYGROUND);
      await ready(page);
      const bright = { light: true, dark: false };
      assert.equal(await isBright(page), bright[scheme]);
      const other = scheme === 'light' ? 'dark' : 'light';
      await page.emulateMedia({ colorScheme: other });
      await page.waitForTimeout(300);
      assert.equal(await isBright(page), bright[other], 'the page follows');
      assert.equal(await hasBrightText(page), !bright[other], 'the text in the editor follows');
    });
  });
}

test('a server that does not answer is said so, and found again', async () => {
  await withBrowser({}, async (context) => {
    const { page } = await watch(context, ORIGIN);
    await page.goto(PLAYGROUND);
    await ready(page);
    await page.route(/\/(graphql|health\/live)$/, (route) => route.abort('connectionrefused'));
    await page.getByRole('button', { name: /^Execute query/ }).click();
    const alert = page.getByRole('alert').filter({ hasText: 'does not answer' });
    await alert.waitFor();
    assert.match(JSON.stringify((await result(page)).errors), /no response from/);
    await page.unroute(/\/(graphql|health\/live)$/);
    await alert.waitFor({ state: 'detached', timeout: 15_000 });
  });
});

test('an answer that is not GraphQL is told from one that is', async () => {
  await withBrowser({}, async (context) => {
    const { page } = await watch(context, ORIGIN);
    await page.goto(PLAYGROUND);
    await ready(page);
    await page.route(/\/graphql$/, (route) => route.fulfill({ status: 502, contentType: 'text/html', body: '<h1>Bad</h1>' }));
    await page.getByRole('button', { name: /^Execute query/ }).click();
    assert.match(JSON.stringify((await result(page)).errors), /answered 502 with text\/html/);
    const alert = page.getByRole('alert').filter({ hasText: 'Throughline does not answer: /graphql answered 502' });
    await alert.waitFor();
    await page.unroute(/\/graphql$/);
    await page.route(/\/graphql$/, (route) =>
      route.fulfill({ status: 503, json: { errors: [{ message: 'away', extensions: { code: 'STORE_AWAY' } }] } }),
    );
    await page.getByRole('button', { name: /^Execute query/ }).click();
    await page.waitForFunction(() => editorText('response.json').includes('STORE_AWAY'));
    await alert.waitFor({ state: 'detached' });
  });
});

/**
 * The editors are there and the schema has come.
 * @param {Page} page
 */
async function ready(page) {
  await page.waitForFunction(() => (globalThis.__MONACO?.editor.getEditors().length ?? 0) >= 4, null, { timeout: 60_000 });
  await page.getByRole('button', { name: /^Re-fetch GraphQL schema/ }).and(page.locator(':enabled')).waitFor();
}

/**
 * @param {Page} page
 * @returns {Promise<{data?: Record<string, unknown> | null, errors?: unknown[]}>}
 */
async function result(page) {
  await page.waitForFunction(() => editorText('response.json').trim() !== '');
  return JSON.parse(await page.evaluate(() => editorText('response.json')));
}

/** @param {Page} page */
function isBright(page) {
  return page.evaluate(() => luminance(getComputedStyle(byClass('graphiql-container')).backgroundColor) > 0.5);
}

/** @param {Page} page */
function hasBrightText(page) {
  return page.evaluate(() => luminance(getComputedStyle(byClass('view-lines')).color) > 0.5);
}
