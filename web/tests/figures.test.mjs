// The pages of journeys in a real browser by keyboard, against a server at THROUGHLINE_URL that has
// the worlds of ../seeds.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { checkAxe, checkNarrow, clean, keepPicture, testSchemes, watch, withBrowser } from './browser.mjs';

const ORIGIN = new URL(process.env['THROUGHLINE_URL'] ?? 'http://127.0.0.1:8080').origin;
const FUNNEL = `steps=${encodeURIComponent('kind=product\nkind=order')}`;

/** @typedef {import('playwright-core').Page} Page */

test('a flow is one stop for Tab, arrows follow its edges, and what is focused is said', async () => {
  await withBrowser({}, async (context) => {
    const { page, seen } = await watch(context, ORIGIN);
    await page.goto(`${ORIGIN}/journeys`);
    const picture = page.getByLabel(/^Flow: \d+ journeys in 6 steps/);
    await picture.waitFor();
    await picture.focus();
    const said = page.locator('.spoken');
    await page.keyboard.press('ArrowRight');
    await said.filter({ hasText: /^Anchor: .*journeys?, .*%\.$/ }).waitFor();
    await page.keyboard.press('ArrowRight');
    await said.filter({ hasText: /^From .* to .*, anchor to 1: \d+ journeys?/ }).waitFor();
    const to = /to (.*), anchor to 1/.exec(await said.innerText())?.[1] ?? '';
    await page.keyboard.press('ArrowRight');
    await said.filter({ hasText: `Step +1: ${to}` }).waitFor();
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowLeft');
    await said.filter({ hasText: /^Anchor: / }).waitFor();
    await page.keyboard.press('Tab');
    assert.equal(await picture.evaluate((box) => box.contains(document.activeElement)), false, 'one stop');

    await picture.focus();
    await page.keyboard.press('t');
    await page.getByRole('columnheader', { name: 'from kind' }).waitFor();
    await page.keyboard.press('t');
    await picture.waitFor();
    clean(seen);
  });
});

test('the page shows and gives away the bytes that the server draws, and their table', async () => {
  await withBrowser({}, async (context) => {
    const { page, seen } = await watch(context, ORIGIN);
    await page.goto(`${ORIGIN}/journeys?view=transitions&top=20`);
    await page.getByLabel(/^Transitions: /).waitFor();
    const response = await fetch(`${ORIGIN}/pictures`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ picture: 'transitions', variables: { scope: {}, top: 20 } }),
    });
    const drawn = await response.text();
    assert.equal(response.headers.get('content-type'), 'image/svg+xml; charset=utf-8');
    assert.equal(await saved(page, 'SVG'), drawn);
    const csv = await saved(page, 'CSV');
    assert.match(csv, /^from,to,count,journeys,share,shareOfFrom,medianSeconds\r\n/);
    assert.equal(csv.trimEnd().split('\r\n').length, 21);
    const png = await saved(page, 'PNG', 'latin1');
    assert.ok(png.startsWith('\u0089PNG') && png.length > 10_000, `${png.length} bytes`);
    clean(seen);
  });
});

test('a funnel is written by keyboard, and its figures open their people', async () => {
  await withBrowser({}, async (context) => {
    const { page, seen } = await watch(context, ORIGIN);
    await page.goto(`${ORIGIN}/journeys?view=funnel`);
    await page.getByRole('heading', { name: 'Which way do you follow?' }).waitFor();
    // What occurs is offered.
    await page.locator('#steps-that-occur option[value="kind=order"]').waitFor({ state: 'attached' });
    await page.getByRole('textbox', { name: 'Step 1' }).or(page.getByRole('combobox', { name: 'Step 1' })).fill('kind=product');
    await page.getByLabel(/^Funnel: /).waitFor();
    await page.getByRole('button', { name: 'Add a step' }).press('Enter');
    await page.waitForTimeout(100);
    await page.keyboard.type('kind=order');
    const picture = page.getByLabel(/^Funnel: .*the last one\.$/);
    await page.locator('.spoken').waitFor({ state: 'attached' });
    await page.waitForFunction(() => new URL(location.href).searchParams.get('steps') === 'kind=product\nkind=order');
    await page.locator('g.mark[data-step="2"]').first().waitFor();
    await picture.focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.locator('.spoken').filter({ hasText: /^step 2, order: / }).waitFor();
    await page.keyboard.press('Enter');
    const people = page.getByRole('region', { name: 'Reached step 2, order' });
    await people.getByRole('status').filter({ hasText: /^\d+ customers?$/ }).waitFor();
    assert.equal(await people.getByRole('heading').evaluate((head) => head === document.activeElement), true);
    const names = await people.getByRole('listitem').allInnerTexts();
    assert.ok(names.includes('Tom Whitaker') && !names.includes('Maya Okafor'), names.join(', '));

    // The same figure from the table, and a person from it.
    await picture.focus();
    await page.keyboard.press('t');
    await page.getByRole('button', { name: /reached: show the customers/ }).first().press('Enter');
    await page.getByRole('region', { name: 'Reached step 1, product' }).getByRole('link', { name: 'Maya Okafor' }).press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Maya Okafor' }).waitFor();
    clean(seen);
  });
});

test('a pattern is checked while it is written, and matches open their people', async () => {
  await withBrowser({}, async (context) => {
    const { page } = await watch(context, ORIGIN);
    await page.goto(`${ORIGIN}/journeys?view=match&dimension=kind`);
    const field = page.getByRole('textbox', { name: 'Pattern' });
    await field.fill('product -> [');
    await page.getByRole('alert').filter({ hasText: /.+/ }).first().waitFor();
    await field.fill('product -> * -> order');
    await page.getByText(/journeys? match(es)?, .*% of all/).waitFor();
    await page.getByRole('region', { name: 'Customers with such a journey' }).getByRole('listitem').first().waitFor();
    await field.fill('prodct');
    await page.getByText('Is it misspelled? Case counts.').waitFor();
  });
});

test('the other figures are there, the address holds the scope, and wrong input is said in words', async () => {
  await withBrowser({}, async (context) => {
    const { page, seen } = await watch(context, ORIGIN);
    await page.goto(`${ORIGIN}/journeys`);
    await page.getByLabel(/^Flow: /).waitFor();
    await page.getByRole('combobox', { name: 'A journey is' }).selectOption('SESSION');
    await page.waitForFunction(() => new URL(location.href).searchParams.get('per') === 'SESSION');
    for (const [link, label] of [['Paths', /^Paths: /], ['Transitions', /^Transitions: /], ['Attribution', /^Attribution: /], ['Compare', /^Comparison: /]]) {
      await page.getByRole('navigation', { name: 'Figures' }).getByRole('link', { name: String(link) }).press('Enter');
      await page.getByLabel(/** @type {RegExp} */ (label)).waitFor();
      assert.equal(new URL(page.url()).searchParams.get('per'), 'SESSION');
    }
    await page.goto(`${ORIGIN}/journeys?view=between&from=kind%3Dproduct&to=kind%3Dorder`);
    await page.getByLabel(/^Time between: .*median/).waitFor();
    await page.getByRole('link', { name: 'Query' }).last().press('Enter');
    await page.waitForFunction(() => (globalThis.__MONACO?.editor.getEditors().length ?? 0) >= 4, null, { timeout: 60_000 });
    await page.waitForFunction(() => editorText('operation.graphql').includes('query TimeBetweenPicture'));
    assert.deepEqual(JSON.parse(await page.evaluate(() => editorText('variables.json'))).to, { kinds: ['order'] });
    clean(seen);

    await page.goto(`${ORIGIN}/journeys?since=yesterday`);
    await page.getByRole('alert').filter({ hasText: 'not a day or a time' }).waitFor();
    await page.goto(`${ORIGIN}/journeys?dimension=colour`);
    await page.getByRole('alert').filter({ hasText: 'colour' }).first().waitFor();
    await page.goto(`${ORIGIN}/journeys?since=2099-01-01`);
    await page.getByRole('heading', { name: 'Nothing is in this scope' }).waitFor();
  });
});

testSchemes('axe finds nothing on the pages of figures', ORIGIN, async (page, scheme) => {
  for (const [name, path, ready] of [
    ['flow', '/journeys', 'As of change'],
    ['transitions', '/journeys?view=transitions', 'As of change'],
    ['funnel', `/journeys?view=funnel&${FUNNEL}&breakdown=channel`, 'As of change'],
    ['paths', '/journeys?view=paths&dimension=channel', 'As of change'],
    ['between', '/journeys?view=between&from=kind%3Dproduct&to=kind%3Dorder', 'As of change'],
    ['attribution', '/journeys?view=attribution', 'As of change'],
    ['match', '/journeys?view=match&dimension=kind&pattern=product%20-%3E%20*%20-%3E%20order', 'Customers with such a journey'],
    ['compare', '/journeys?view=compare&with.include=channel%3Demail', 'As of change'],
    ['nothing', '/journeys?since=2099-01-01', 'Nothing is in this scope'],
  ]) {
    await page.goto(`${ORIGIN}${path}`);
    await page.getByText(ready ?? '').first().waitFor();
    await page.waitForTimeout(250);
    await checkAxe(page, `${name} in ${scheme}`);
    await keepPicture(page, `${name}-${scheme}`);
    const table = page.getByRole('button', { name: /^Table/ });
    if (await table.count()) {
      await table.first().click();
      await checkAxe(page, `${name}, as a table, in ${scheme}`);
    }
  }
});

test('at 400 % zoom the pages of figures do not scroll sideways', async () => {
  await checkNarrow(ORIGIN, ['/journeys', `/journeys?view=funnel&${FUNNEL}`, '/journeys?view=transitions', '/journeys?view=match'], (page) => page.waitForTimeout(700));
});

/**
 * What a button saves.
 * @param {Page} page
 * @param {string} name
 * @param {BufferEncoding} encoding
 */
async function saved(page, name, encoding = 'utf8') {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name, exact: true }).click()]);
  return readFileSync(await download.path(), encoding);
}
