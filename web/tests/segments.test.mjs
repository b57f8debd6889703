// Segments in a real browser by keyboard, against a server at THROUGHLINE_URL that has the worlds of ../seeds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkAxe, checkNarrow, clean, keepPicture, testSchemes, watch, withBrowser } from './browser.mjs';

const ORIGIN = new URL(process.env['THROUGHLINE_URL'] ?? 'http://127.0.0.1:8080').origin;

/** A condition of each operator of the schema, with groups in groups and what is seldom written. */
const WIDE = {
  all: [
    { trait: { name: 'home_town', is: { text: { in: ['Carlisle', 'Leeds'] } }, of: 'ANY', provenance: ['DECLARED', 'REALISED'], said: { between: { from: 'P2W', to: 'PT36H' } } } },
    { not: { not: { identifier: { kind: 'email', value: { matches: '^a.*' }, count: { min: 1, max: 3 } } } } },
    {
      any: [
        { did: { what: { kinds: ['product'], where: [{ dimension: 'channel', is: ['website', 'email'] }] }, where: [{ path: 'properties.price', is: { number: { above: '10.50', in: ['12'] } } }], when: { fixed: { since: '2024-01-01T00:00:00Z' } }, times: { min: 2 }, count: 'DAYS', total: { path: 'properties.price', currency: 'GBP', max: '900' }, only: 'FIRST', then: [{ what: { names: ['Order Completed'] }, within: 'P1DT12H', happened: false, same: ['properties.sku'] }] } },
        { not: { all: [] } },
      ],
    },
    { orders: { currency: 'GBP', net: { min: '1.10' }, returnRate: { max: 0.25 }, containing: { skus: ['A'], name: { contains: ['rug'] } } } },
    { product: { relation: 'IN_CART', when: { anniversary: { from: -3, to: 0 } }, count: { min: 1 } } },
    { spend: { currency: 'GBP', gross: { min: '12345678901234567890.12' }, when: { calendar: { unit: 'QUARTER', back: 1, count: 2 } } } },
    { consent: { purpose: 'newsletter', channel: 'email', status: ['REVOKED', 'UNKNOWN'] } },
    { seen: { first: { olderThan: 'P30D' }, last: { next: 'P1D' }, channels: ['email'], devices: ['phone'] } },
    { trait: { name: 'has_children', is: { flag: false } } },
    { trait: { name: 'sizes', is: { list: { size: { max: 0 } } } } },
  ],
};

test('a segment is written in the form by keyboard alone, tried, saved, changed and deleted', async () => {
  await withBrowser({}, async (context) => {
    const { page, seen } = await watch(context, ORIGIN);
    const name = `Buyers ${Date.now()}`;
    await page.goto(`${ORIGIN}/segments?new=1`);
    const editor = page.getByRole('region', { name: 'New segment' });
    await editor.getByText(/\d+ customers? fits?\./).waitFor();

    // A line is added, and the keyboard goes on in its first field.
    await editor.getByRole('combobox', { name: 'Add a line' }).focus();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await focused(page, 'name');
    await editor.getByText('2 fields of the condition are to be filled in').waitFor();
    await page.locator('datalist option[value="home_town"]').waitFor({ state: 'attached' });
    await page.keyboard.type('home_town');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await focused(page, 'is one of, 1');
    await page.locator('datalist option[value="Carlisle"]').waitFor({ state: 'attached' });
    await page.keyboard.type('Carlisle');
    await editor.getByText(/^home_town is .*: 1 fit this line alone, \d+ would fit without it/).waitFor();

    // Enter in a list adds a value, Backspace in an empty one takes it away.
    await page.keyboard.press('Enter');
    await focused(page, 'is one of, 2');
    await page.keyboard.press('Backspace');
    await focused(page, 'is one of, 1');

    // A second line, "not", a group around it, and moving.
    await add(page, editor.getByRole('combobox', { name: 'Add a line' }), 'orders');
    const orders = editor.getByRole('group', { name: 'orders', exact: true });
    await orders.getByRole('checkbox', { name: 'not' }).press('Space');
    await editor.getByRole('group', { name: 'not orders', exact: true }).waitFor();
    await focused(page, 'not');
    await page.keyboard.press('Alt+ArrowUp');
    assert.deepEqual(Object.keys(await draft(page, (is) => 'not' in (is.all?.[0] ?? {})).then((is) => is.all[0])), ['not']);
    await editor.getByRole('button', { name: 'Put into a group: orders' }).press('Enter');
    await editor.getByRole('group', { name: 'Group: at least one of these fits' }).waitFor();
    await add(page, editor.getByRole('combobox', { name: 'Add a line to this group' }), 'a consent');
    await page.keyboard.type('newsletter');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await focused(page, 'granted');
    await page.keyboard.press('Space');
    assert.deepEqual(await draft(page, (is) => is.all?.[0]?.any?.[1]?.consent?.status?.length === 1), {
      all: [
        { any: [{ not: { orders: {} } }, { consent: { purpose: 'newsletter', status: ['GRANTED'] } }] },
        { trait: { name: 'home_town', is: { text: { in: ['Carlisle'] } } } },
      ],
    });
    await editor.getByText(/^consent for newsletter .* fit this line alone/).waitFor();

    // The draft is in the address: a reload has it.
    await page.reload();
    await editor.getByText(/^consent for newsletter .* fit this line alone/).waitFor();
    await editor.getByRole('textbox', { name: 'Name', exact: true }).focus();
    await page.keyboard.type(name);
    await page.keyboard.press('Enter');
    const saved = page.getByRole('region', { name: `Segment ${name}` });
    await saved.getByRole('heading', { name: 'Near misses' }).waitFor();
    assert.equal(new URL(page.url()).searchParams.get('name'), name);

    await saved.getByRole('button', { name: 'Take away: a trait' }).press('Enter');
    await focused(page, 'Add a line');
    await saved.getByRole('button', { name: 'Save' }).press('Enter');
    await saved.getByText('Saved as version 2.').waitFor();

    await page.goto(`${ORIGIN}/segments?name=${encodeURIComponent(name)}`);
    await saved.getByRole('button', { name: 'Delete' }).press('Enter');
    await saved.getByRole('button', { name: `Yes, delete “${name}”` }).press('Enter');
    await page.waitForFunction(() => location.search === '');
    await page.getByRole('link', { name }).waitFor({ state: 'detached' });
    clean(seen);
  });
});

test('what the API refuses is said at the line, in the form and in the JSON', async () => {
  await withBrowser({}, async (context) => {
    const { page, seen } = await watch(context, ORIGIN);
    const is = { all: [{ orders: { net: { min: '3' } } }, { any: [{ segment: { name: 'There is none' } }] }] };
    await page.goto(`${ORIGIN}/segments?new=1&is=${encodeURIComponent(JSON.stringify(is))}`);
    // The API names the first mistake; a field that is not there is told at what it would be in.
    const orders = page.getByRole('group', { name: 'orders', exact: true });
    await orders.getByText(/^currency: required for/).waitFor();
    await add(page, orders.getByRole('combobox', { name: 'Narrow it' }).first(), 'currency');
    await page.keyboard.type('GBP');
    const segment = page.getByRole('group', { name: 'a saved segment' });
    await segment.getByText(/no segment is called "There is none"/).waitFor();
    assert.equal(await segment.getByRole('textbox').or(segment.getByRole('combobox', { name: 'name' })).first().getAttribute('aria-invalid'), 'true');
    await page.getByRole('button', { name: 'JSON' }).press('Enter');
    await page.getByRole('listitem').filter({ hasText: 'all.1.any.0.segment.name' }).waitFor();
    assert.equal(new URL(page.url()).searchParams.get('as'), 'json');

    const condition = page.getByRole('textbox', { name: /^Condition/ });
    await condition.fill('{"all": [');
    await page.getByRole('alert').filter({ hasText: 'not JSON' }).waitFor();
    await page.getByRole('button', { name: 'Form' }).press('Enter');
    await page.getByRole('alert').filter({ hasText: 'The text is not JSON' }).waitFor();
    await page.getByRole('button', { name: 'Mend the JSON' }).press('Enter');
    await condition.fill('{"all": [{"orders": {"count": {"min": 1}}}]}');
    await page.getByRole('button', { name: /^Take away/ }).first().waitFor();
    // A problem that is not of the condition: another zone that there is none of.
    await page.getByRole('textbox', { name: 'Time zone' }).fill('Mars/Base');
    await page.getByRole('alert').filter({ hasText: 'Mars' }).first().waitFor();
    clean(seen);
  });
});

test('the form shows every operator, and loses nothing on the way to JSON and back', async () => {
  await withBrowser({}, async (context) => {
    const { page, seen } = await watch(context, ORIGIN);
    await page.goto(`${ORIGIN}/segments?new=1&is=${encodeURIComponent(JSON.stringify(WIDE))}`);
    await page.getByRole('group', { name: 'a consent' }).waitFor();
    assert.equal(await page.getByText('has no form').count(), 0);
    assert.equal(await page.getByText('form does not know').count(), 0);
    const json = page.getByRole('button', { name: 'JSON' });
    const form = page.getByRole('button', { name: 'Form' });
    const condition = page.getByRole('textbox', { name: /^Condition/ });
    await json.press('Enter');
    assert.deepEqual(JSON.parse(await condition.inputValue()), WIDE);

    // One field is changed, and nothing else.
    await form.press('Enter');
    const rate = page.getByRole('group', { name: 'return rate, 0 to 1' });
    await rate.getByRole('textbox', { name: 'at most' }).focus();
    await page.keyboard.press('End');
    await page.keyboard.press('Backspace');
    await page.keyboard.press('Backspace');
    await page.keyboard.type('05');
    await json.press('Enter');
    assert.deepEqual(await condition.inputValue(), JSON.stringify(WIDE, null, 2).replace('"max": 0.25', '"max": 0.05'));

    // What the schema does not know stays, and a large number keeps its digits.
    await condition.fill('{"all": [{"trait": {"name": "a", "is": {"number": {"min": 12345678901234567890}}, "more": 1}}, {"colour": {"of": "sky"}}]}');
    await form.press('Enter');
    await page.getByText('The form does not know “more”').waitFor();
    await page.getByRole('group', { name: 'A part that this form cannot show' }).getByText('"sky"').waitFor();
    await page.getByRole('combobox', { name: 'name' }).or(page.getByRole('textbox', { name: 'name', exact: true })).first().fill('b');
    await json.press('Enter');
    assert.deepEqual(JSON.parse(await condition.inputValue()), { all: [{ trait: { name: 'b', is: { number: { min: '12345678901234567890' } }, more: 1 } }, { colour: { of: 'sky' } }] });
    clean({ ...seen, complaints: seen.complaints.filter((text) => !/400/.test(text)) });
  });
});

testSchemes('axe finds nothing on the pages of segments', ORIGIN, async (page, scheme) => {
  for (const [name, path, ready] of [
    ['segments', '/segments', 'A segment is a condition'],
    ['segment', '/segments?new=1', 'Who fits now'],
    ['condition', `/segments?new=1&is=${encodeURIComponent(JSON.stringify(WIDE))}`, 'in force'],
    ['condition-json', `/segments?new=1&as=json&is=${encodeURIComponent(JSON.stringify(WIDE))}`, 'Condition, as the API'],
    ['condition-wrong', `/segments?new=1&is=${encodeURIComponent('{"all":[{"orders":{"net":{"min":"3"}}},{"segment":{"name":""}}]}')}`, 'fill this in'],
  ]) {
    await page.goto(`${ORIGIN}${path}`);
    if (name === 'condition') await page.getByRole('group', { name: 'a consent' }).waitFor();
    else await page.getByText(ready ?? '').first().waitFor();
    await page.waitForTimeout(250);
    await checkAxe(page, `${name} in ${scheme}`);
    await keepPicture(page, `${name}-${scheme}`);
  }
});

test('at 400 % zoom the form does not scroll sideways', async () => {
  await checkNarrow(ORIGIN, ['/segments?new=1', `/segments?new=1&is=${encodeURIComponent(JSON.stringify(WIDE))}`], (page) => page.getByText(/customers? fits?\.$/).first().waitFor());
});

/**
 * Chooses what to add, and adds it with the button after the choice.
 * @param {import('playwright-core').Page} page
 * @param {import('playwright-core').Locator} choice
 * @param {string} label
 */
async function add(page, choice, label) {
  await choice.selectOption({ label });
  await choice.focus();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
}

/**
 * Waits until the field of this name has the focus.
 * @param {import('playwright-core').Page} page
 * @param {string} name
 */
async function focused(page, name) {
  await page.waitForFunction((wanted) => {
    const element = document.activeElement;
    const label = element instanceof HTMLInputElement || element instanceof HTMLSelectElement ? element.labels?.[0]?.textContent : null;
    return (element?.getAttribute('aria-label') ?? label ?? '').trim() === wanted;
  }, name);
}

/**
 * The condition in the address, once it is as expected.
 * @param {import('playwright-core').Page} page
 * @param {(condition: any) => boolean} expected
 */
async function draft(page, expected) {
  for (let tries = 0; ; tries++) {
    const text = new URL(page.url()).searchParams.get('is');
    const condition = text === null ? null : JSON.parse(text);
    if (condition && expected(condition)) return condition;
    assert.ok(tries < 100, `the address has ${text}`);
    await page.waitForTimeout(100);
  }
}
