// The pages in a real browser, by keyboard, against a server at THROUGHLINE_URL that has the worlds of ../seeds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { checkAxe, checkNarrow, clean, keepPicture, testSchemes, watch, withBrowser } from './browser.mjs';

const ORIGIN = new URL(process.env['THROUGHLINE_URL'] ?? 'http://127.0.0.1:8080').origin;
const BUDGET = 200 * 1024;

/** @typedef {import('playwright-core').Page} Page */

test('the first page is small, and GraphiQL is no part of it', async () => {
  await withBrowser({}, async (context) => {
    const { page, seen } = await watch(context, ORIGIN);
    /** @type {Promise<[string, number]>[]} */
    const files = [];
    page.on('response', (response) => {
      const { pathname } = new URL(response.url());
      if (pathname !== '/graphql') files.push(response.body().then((body) => [pathname, gzipSync(body, { level: 9 }).length]));
    });
    await page.goto(ORIGIN);
    await page.locator('.hits a').first().waitFor();
    const sizes = await Promise.all(files);
    const total = sizes.reduce((sum, [, size]) => sum + size, 0);
    console.log(`the first page: ${total} bytes gzip in ${sizes.length} files`);
    assert.ok(total <= BUDGET, JSON.stringify(sizes));
    assert.ok(!sizes.some(([path]) => /monaco|Playground|worker/.test(path)), JSON.stringify(sizes));
    clean(seen);
  });
});

test('search finds a customer by each thing that a person may have, and the keyboard opens it', async () => {
  await withBrowser({}, async (context) => {
    const { page, seen } = await watch(context, ORIGIN);
    await page.goto(ORIGIN);
    const field = page.getByRole('combobox', { name: 'Search customers' });
    await page.locator('#search:focus').waitFor();
    for (const [typed, name] of [
      ['07700 900123', 'Maya Okafor'],
      ['maya oka', 'Maya Okafor'],
      ['MAYA.OKAFOR@example.com', 'Maya Okafor'],
      ['WY-5501-2214', 'Elena Marsh'],
      ['HH-2002', 'Sam'],
      ['three-screens-16', 'Maya Okafor'],
    ]) {
      await page.keyboard.press('Escape');
      await page.keyboard.type(typed ?? '');
      await page.getByRole('option').first().filter({ hasText: name ?? '' }).waitFor();
    }
    assert.equal(new URL(page.url()).searchParams.get('q'), 'three-screens-16', 'the address holds the search');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Maya Okafor' }).waitFor();

    // From any page, and by the arrows.
    await page.keyboard.press('/');
    assert.equal(await field.evaluate((input) => input === document.activeElement), true);
    await page.keyboard.type('example');
    await page.getByRole('option').nth(1).waitFor();
    const second = (await page.getByRole('option').nth(1).locator('strong').innerText());
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: second }).waitFor();

    // Enter before the answer is there waits for it.
    await page.keyboard.press('/');
    await page.keyboard.type('07700 900123');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Maya Okafor' }).waitFor();

    await page.keyboard.press('/');
    await page.keyboard.type('zzzzqq');
    await page.getByText('Nobody is found by').waitFor();

    // The shared tablet is nobody's, and both who use it are offered.
    await page.goto(`${ORIGIN}/?q=hh-web-tablet-c41d`);
    await page.getByText('is shared by several people').waitFor();
    assert.equal(await page.getByRole('option').filter({ hasText: 'perhaps' }).count(), 2);
    clean(seen);
  });
});

test('what Tom really spends, and what Elena agreed to, is on their pages', async () => {
  await withBrowser({}, async (context) => {
    const { page, seen } = await watch(context, ORIGIN);
    await open(page, 'Tom Whitaker');
    assert.match(await page.getByRole('region', { name: 'Worth' }).innerText(), /GBP\s.*150\.00/);
    await open(page, 'Elena Marsh');
    const consents = await page.getByRole('region', { name: 'Consents' }).innerText();
    assert.match(consents, /newsletter by email: revoked/);
    assert.match(consents, /offers by sms: granted/);
    clean(seen);
  });
});

test('the timeline is filtered, zoomed and read by keyboard, and the address holds all of it', async () => {
  await withBrowser({}, async (context) => {
    const { page, seen } = await watch(context, ORIGIN);
    await open(page, 'Elena Marsh');
    await page.getByText('102 touchpoints', { exact: true }).waitFor();
    const list = page.getByRole('listbox', { name: 'Touchpoints, newest first' });
    assert.ok((await list.getByRole('option').count()) < 60, 'only the rows in sight are in the document');

    await page.getByRole('checkbox', { name: /^sms/ }).focus();
    await page.keyboard.press('Space');
    await page.getByText('7 touchpoints', { exact: true }).waitFor();
    assert.equal(new URL(page.url()).searchParams.get('channels'), 'sms');
    await page.reload();
    await page.getByText('7 touchpoints', { exact: true }).waitFor();

    await list.focus();
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await list.getByText('Message id').waitFor();
    await page.getByRole('button', { name: 'Show all' }).click();
    await page.getByText('102 touchpoints', { exact: true }).waitFor();

    const strip = page.getByLabel(/^Touchpoints of 10 channels from/);
    await strip.focus();
    await page.keyboard.press('Home');
    await page.getByRole('status').filter({ hasText: /: \d+ touchpoints?, such as/ }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByText(/^\d+ touchpoints from/).waitFor();
    assert.ok(new URL(page.url()).searchParams.get('since'), 'zoomed in');
    await strip.or(page.getByLabel(/^Touchpoints of/)).first().press('Escape');
    await page.getByText('102 touchpoints', { exact: true }).waitFor();

    // By hand: half of the strip.
    const box = await strip.boundingBox();
    assert.ok(box);
    await page.mouse.move(box.x + box.width * 0.6, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 12, box.y + 60, { steps: 4 });
    await page.mouse.up();
    await page.getByText(/^\d+ touchpoints from/).waitFor();
    await page.getByLabel(/^Touchpoints of/).press('t');
    await page.getByRole('columnheader', { name: 'telephone' }).waitFor();
    clean(seen);
  });
});

test('why the tablet is nobody’s is in Sam’s graph and its table', async () => {
  await withBrowser({}, async (context) => {
    const { page, seen } = await watch(context, ORIGIN);
    await open(page, 'Sam');
    await page.getByRole('link', { name: 'Identity', exact: true }).press('Enter');
    const graph = page.getByLabel(/^Identity graph: /);
    await graph.focus();
    assert.equal(await page.locator('.edge.refused').count(), 1);
    await page.keyboard.press('PageDown');
    await page.getByRole('status').filter({ hasText: /^Edge 1 of \d: .*seen together/ }).waitFor();
    await page.keyboard.press('t');
    const row = page.getByRole('row').filter({ hasText: 'refused: a customer has at most 1 of user_id' });
    assert.match(await row.innerText(), /hh-web-tablet-c41d/);
    clean(seen);
  });
});

test('which three visitors became Maya: two clicks say why, and the time shows how it grew', async () => {
  await withBrowser({}, async (context) => {
    const { page, seen } = await watch(context, ORIGIN);
    await open(page, 'Maya Okafor');
    await page.getByRole('link', { name: 'Identity', exact: true }).press('Enter');
    for (const name of ['ts-web-home-2d90', 'ts-web-work-77ce']) await page.locator('.node').filter({ hasText: name }).click();
    await page.keyboard.press('t');
    assert.equal(await page.getByRole('checkbox', { checked: true }).count(), 2, 'the table has the same selection');
    const why = page.getByRole('region', { name: 'Why they are linked' });
    await why.getByText('They are one customer.').waitFor();
    assert.ok((await why.getByRole('listitem').count()) >= 2, 'the chain has steps');

    await page.getByRole('slider', { name: 'Events until' }).press('Home');
    await page.getByText(/^What had been seen by .*: 1 identifier,/).waitFor();
    assert.ok(new URL(page.url()).searchParams.get('upTo'));
    assert.equal(await page.getByRole('heading', { name: 'Split off' }).count(), 0, 'the past is not decided on');
    await page.getByRole('slider', { name: 'Events until' }).press('End');
    await page.getByRole('heading', { name: 'Split off' }).waitFor();
    clean(seen);
  });
});

test('a split is tried first, asks for a reason, and a merge takes it back', async () => {
  await withBrowser({}, async (context) => {
    const { page, seen } = await watch(context, ORIGIN);
    const visitor = `visitor-${Date.now()}`;
    const at = new Date().toISOString();
    // One customer of two identifiers, of this test alone.
    const { eventsIngest } = await graphql(
      'mutation ($events: [JSON]!) { eventsIngest(events: $events) { outcomes { status customer { id } } } }',
      { events: [{ type: 'identify', messageId: visitor, anonymousId: visitor, userId: `user-${visitor}`, timestamp: at, traits: { name: `Split ${visitor}` } }] },
    );
    const id = eventsIngest.outcomes[0].customer.id;
    await page.goto(`${ORIGIN}/customers/${id}?view=identity`);
    await page.getByLabel(/^Identity graph: /).focus();
    await page.keyboard.press('t');
    await page.getByRole('checkbox', { name: `Select anonymous id ${visitor}` }).press('Space');
    const split = page.getByRole('region', { name: 'Split off' });
    await split.getByText('Then there would be 2 customers').waitFor();
    await split.getByRole('button', { name: 'Split' }).press('Enter');
    await split.getByText('Give a reason first').waitFor();
    assert.equal(await identifiers(id), 2, 'nothing was done without a reason');
    await split.getByRole('textbox').fill('two people at one counter');
    await page.keyboard.press('Enter');
    await page.getByRole('row').filter({ hasText: 'two people at one counter' }).waitFor();
    assert.equal(await identifiers(id), 1);
    // Now the store has two moments, and the first shows both identifiers.
    await page.getByRole('slider', { name: 'Stored on' }).press('Home');
    await page.getByText(/^As stored on .*: 2 identifiers/).waitFor();
    await page.getByRole('slider', { name: 'Stored on' }).press('End');

    const merge = page.getByRole('region', { name: 'Merge, or keep apart' });
    await merge.getByRole('textbox', { name: 'The other customer' }).fill(visitor);
    await merge.getByRole('listitem').getByRole('button').first().press('Enter');
    await merge.getByText('Then there would be 1 customer', { exact: true }).waitFor();
    await merge.getByRole('textbox', { name: 'Reason to merge' }).fill('one person after all');
    await page.keyboard.press('Enter');
    await page.getByRole('row').filter({ hasText: 'one person after all' }).waitFor();
    assert.equal(await identifiers(id), 2);
    clean(seen);
  });
});

test('a change is on the live page as it happens, and only when it fits the filter', async () => {
  await withBrowser({}, async (context) => {
    const { page, seen } = await watch(context, ORIGIN);
    await page.goto(`${ORIGIN}/live?kinds=CUSTOMER_CREATED`);
    await page.getByText('Listening.').waitFor();
    const visitor = `live-${Date.now()}`;
    await graphql('mutation ($events: [JSON]!) { eventsIngest(events: $events) { change } }', {
      events: [{ type: 'track', event: 'Hello', messageId: visitor, anonymousId: visitor, timestamp: new Date().toISOString() }],
    });
    await page.getByRole('row').filter({ hasText: 'customer created' }).filter({ hasText: visitor }).waitFor();
    assert.equal(await page.getByRole('row').count(), 2, 'the touchpoint is not shown');
    await page.getByRole('checkbox', { name: 'the past too' }).press('Space');
    await page.getByRole('row').nth(5).waitFor();
    clean(seen);
  });
});

test('at the till a card gives a name and what may be said', async () => {
  await withBrowser({}, async (context) => {
    const { page, seen } = await watch(context, ORIGIN);
    await page.goto(`${ORIGIN}/greet`);
    await page.locator('#code:focus').waitFor();
    await page.keyboard.type('WY-5501-2214');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Elena Marsh' }).waitFor();
    assert.match(await page.getByRole('region', { name: /Better not/ }).innerText(), /newsletter by email: revoked/);
    await page.keyboard.type('hh-web-tablet-c41d');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Several people use this' }).waitFor();
    await page.keyboard.type('no such card');
    await page.keyboard.press('Enter');
    await page.getByText('Nobody is known by').waitFor();
    clean(seen);
  });
});

test('a picture’s query opens in the playground with its variables', async () => {
  await withBrowser({}, async (context) => {
    const { page, seen } = await watch(context, ORIGIN);
    await open(page, 'Sam');
    await page.getByRole('link', { name: 'Identity', exact: true }).press('Enter');
    await page.getByRole('region', { name: 'Identity graph' }).getByRole('link', { name: 'Query' }).press('Enter');
    await page.waitForFunction(() => (globalThis.__MONACO?.editor.getEditors().length ?? 0) >= 4, null, { timeout: 60_000 });
    await page.waitForFunction(() => editorText('operation.graphql').includes('query IdentityGraph'));
    const { id } = JSON.parse(await page.evaluate(() => editorText('variables.json')));
    assert.ok(id);
    await page.getByRole('button', { name: /^Execute query/ }).click();
    await page.waitForFunction(() => editorText('response.json').includes('hh-user-sam'));
    clean(seen);
  });
});

test('trouble is said in words, and passes when the server is back', async () => {
  await withBrowser({}, async (context) => {
    const { page } = await watch(context, ORIGIN);
    await page.route(/\/graphql$/, (route) => route.abort('connectionrefused'));
    await page.goto(ORIGIN);
    await page.getByRole('alert').filter({ hasText: 'No response from' }).filter({ hasText: 'throughline serve' }).first().waitFor();
    await page.unroute(/\/graphql$/);
    await page.locator('.hits a').first().waitFor({ timeout: 15_000 });
    assert.equal(await page.getByRole('alert').count(), 0);
    await page.goto(`${ORIGIN}/customers/nonsense`);
    await page.getByRole('alert').filter({ hasText: 'Search for the customer' }).waitFor();
    assert.equal((await page.goto(`${ORIGIN}/live`))?.status(), 200);
  });
});

testSchemes('axe finds nothing on any page', ORIGIN, async (page, scheme) => {
  const [elena, sam] = [await idOf('elena marsh'), await idOf('hh-user-sam')];
  for (const [name, path, ready] of [
    ['search', '/', 'Seen last'],
    ['found', '/?q=example', 'choose'],
    ['nobody', '/?q=zzzzqq', 'Nobody is found'],
    ['customer', `/customers/${elena}`, '102 touchpoints'],
    ['facts', `/customers/${elena}?view=facts`, 'Traits'],
    ['identity', `/customers/${sam}?view=identity`, 'What happened to the identity'],
    ['live', '/live', 'Listening.'],
    ['log', '/live?from=start', 'customer created'],
    ['greet', '/greet?code=WY-5501-2214', 'Better not'],
  ]) {
    await page.goto(`${ORIGIN}${path}`);
    await page.getByText(ready ?? '').first().waitFor();
    await page.waitForTimeout(150);
    await checkAxe(page, `${name} in ${scheme}`);
    if (name === 'customer' || name === 'identity') {
      await page.getByRole('button', { name: /^Table/ }).click();
      await checkAxe(page, `${name}, as a table, in ${scheme}`);
      await page.getByRole('button', { name: /^Table/ }).click();
    }
    await keepPicture(page, `${name}-${scheme}`, false);
  }
});

test('at 400 % zoom nothing scrolls sideways', async () => {
  const elena = await idOf('elena marsh');
  await checkNarrow(ORIGIN, ['/?q=example', `/customers/${elena}`, `/customers/${elena}?view=identity`, `/customers/${elena}?view=facts`, '/live?from=start', '/greet?code=WY-5501-2214'], (page) => page.waitForTimeout(500));
});

/**
 * Opens a customer as a person does.
 * @param {Page} page
 * @param {string} name
 */
async function open(page, name) {
  await page.goto(ORIGIN);
  await page.locator('#search:focus').waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type(name);
  await page.getByRole('option').filter({ hasText: name }).first().waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name }).waitFor();
}

/** @param {string} text */
async function idOf(text) {
  const { customers } = await graphql('query ($text: String!) { customers(filter: { text: $text }) { nodes { id } } }', { text });
  return customers.nodes[0].id;
}

/** @param {string} id */
async function identifiers(id) {
  const { customer } = await graphql('query ($id: ID!) { customer(by: { id: $id }) { identifiers { totalCount } } }', { id });
  return customer.identifiers.totalCount;
}

/**
 * @param {string} query
 * @param {object} variables
 * @returns {Promise<any>}
 */
async function graphql(query, variables) {
  const response = await fetch(`${ORIGIN}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query, variables }) });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined, JSON.stringify(errors));
  return data;
}
