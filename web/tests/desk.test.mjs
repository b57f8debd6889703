// The steward's desk in a real browser by keyboard, against a server at THROUGHLINE_URL that has the worlds of ../seeds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkAxe, checkNarrow, clean, keepPicture, testSchemes, watch, withBrowser } from './browser.mjs';

const ORIGIN = new URL(process.env['THROUGHLINE_URL'] ?? 'http://127.0.0.1:8080').origin;

test('the desk shows the figures of the API, and a customer’s graph is two keys away', async () => {
  await withBrowser({}, async (context) => {
    const { page, seen } = await watch(context, ORIGIN);
    await page.goto(ORIGIN);
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Desk' }).press('Enter');
    const health = page.getByRole('region', { name: 'Identity health' });
    await health.getByText('Customers', { exact: true }).first().waitFor();
    const { identityHealth } = await graphql('{ identityHealth { customers largest { displayName identifiers { totalCount } } refused { rule count } } }');
    const shown = await health.innerText();
    assert.match(shown, new RegExp(`Customers\\s+${identityHealth.customers}\\b`));
    const [largest] = identityHealth.largest;
    assert.match(await health.getByRole('row').filter({ hasText: 'Elena Marsh' }).innerText(), /\b10\b/);
    assert.match(await health.getByRole('row').filter({ hasText: 'user id' }).innerText(), new RegExp(`${identityHealth.refused.find((/** @type {any} */ one) => one.rule === 'user_id').count}`));
    await page.getByRole('row').filter({ hasText: 'email' }).filter({ hasText: 'Invite Sent' }).waitFor();
    await health.getByRole('link', { name: `Identity graph of ${largest.displayName}` }).press('Enter');
    await page.getByLabel(/^Identity graph: /).waitFor();
    clean(seen);
  });
});

test('rules are tried before they can be saved, need a reason, and are taken back', async () => {
  await withBrowser({}, async (context) => {
    const { page, seen } = await watch(context, ORIGIN);
    const before = await rules();
    await page.goto(`${ORIGIN}/desk`);
    await page.getByRole('button', { name: 'Change the rules' }).press('Enter');
    assert.ok(new URL(page.url()).searchParams.get('edit'), 'the address holds the editor');
    await page.getByText('Nothing differs yet.').waitFor();
    const tryIt = page.getByRole('button', { name: 'Try it' });
    assert.equal(await tryIt.isDisabled(), true);

    // What is no number is said at the field; what the API refuses too.
    const limit = page.getByRole('textbox', { name: 'Limit of email' });
    await limit.fill('many');
    await page.getByRole('row').filter({ has: limit }).getByRole('alert').filter({ hasText: 'whole number' }).waitFor();
    await limit.fill('0');
    await tryIt.press('Enter');
    await page.getByRole('row').filter({ has: limit }).getByRole('alert').filter({ hasText: 'from 1 to' }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Save the rules' }).count(), 0, 'nothing untried is saved');

    await limit.fill('1');
    await page.getByRole('listitem').filter({ hasText: 'email: at most 1 of a customer, now 5' }).waitFor();
    await tryIt.press('Enter');
    const effect = page.getByRole('region', { name: 'What they would do' });
    await effect.getByText(/2 customers would be split, 0 customers would be joined/).waitFor();
    const nora = effect.getByRole('row').filter({ hasText: 'n.lindqvist@example.com' });
    assert.match(await nora.innerText(), /at most 1 of email/);
    assert.ok(await nora.getByRole('link').getAttribute('href'));
    // Another change: what was tried is no longer what would be saved.
    await limit.fill('2');
    await effect.waitFor({ state: 'detached' });

    // A change that splits nobody of the worlds is saved, with a reason, and taken back.
    await limit.fill('4');
    await tryIt.press('Enter');
    await effect.getByText(/0 customers would be split/).waitFor();
    const save = page.getByRole('button', { name: 'Save the rules' });
    await save.press('Enter');
    await page.getByRole('status').filter({ hasText: 'Give a reason first' }).waitFor();
    assert.equal((await rules()).version, before.version);
    await page.getByRole('textbox', { name: 'Reason to change the rules' }).fill('four addresses are enough');
    await page.keyboard.press('Enter');
    await page.getByText(`Version ${before.version + 1}`).filter({ hasText: 'four addresses are enough' }).waitFor();
    assert.equal((await rules()).kinds.find((/** @type {any} */ kind) => kind.name === 'email').limit, 4);

    await page.getByRole('button', { name: 'Change the rules' }).press('Enter');
    await limit.fill('5');
    await tryIt.press('Enter');
    await page.getByRole('textbox', { name: 'Reason to change the rules' }).fill('as before');
    await page.keyboard.press('Enter');
    await page.getByText(`Version ${before.version + 2}`).filter({ hasText: 'as before' }).waitFor();
    assert.deepEqual({ ...(await rules()), version: before.version }, before, 'the form sends back all that it does not show');
    clean(seen);
  });
});

test('kinds are moved, added and taken away by keyboard', async () => {
  await withBrowser({}, async (context) => {
    const { page, seen } = await watch(context, ORIGIN);
    await page.goto(`${ORIGIN}/desk?edit=1`);
    await page.getByRole('button', { name: 'Stronger: phone' }).press('Enter');
    await page.getByRole('listitem').filter({ hasText: 'the order of strength: user_id, phone, email' }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('listitem').filter({ hasText: 'the order of strength: phone, user_id, email' }).waitFor();
    await page.getByRole('button', { name: 'Add a kind made of traits' }).press('Enter');
    await page.getByRole('textbox', { name: 'Name of the new kind' }).waitFor();
    await page.waitForTimeout(50);
    await page.keyboard.type('town_and_name');
    await page.getByRole('textbox', { name: 'Parts of town_and_name' }).fill('traits.home_town\ntraits.last_name');
    await page.getByRole('button', { name: 'Try it' }).press('Enter');
    await page.getByRole('region', { name: 'What they would do' }).waitFor();
    await page.getByRole('button', { name: 'Take away: town_and_name' }).press('Enter');
    await page.getByRole('region', { name: 'What they would do' }).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Keep the present rules' }).press('Enter');
    await page.getByRole('button', { name: 'Change the rules' }).waitFor();
    clean(seen);
  });
});

testSchemes('axe finds nothing on the desk', ORIGIN, async (page, scheme) => {
  for (const [name, path, ready] of [['desk', '/desk', 'kinds of identifiers'], ['rules', '/desk?edit=1', 'Nothing differs yet.']]) {
    await page.goto(`${ORIGIN}${path}`);
    await page.getByText(ready ?? '').first().waitFor();
    await page.getByText('Largest customers').waitFor();
    await checkAxe(page, `${name} in ${scheme}`);
    if (name === 'rules') {
      await page.getByRole('textbox', { name: 'Limit of email' }).fill('1');
      await page.getByRole('button', { name: 'Try it' }).click();
      await page.getByRole('region', { name: 'What they would do' }).waitFor();
      await page.getByRole('textbox', { name: 'Limit of phone' }).fill('x');
      await checkAxe(page, `${name}, tried and wrong, in ${scheme}`);
    }
    await keepPicture(page, `${name}-${scheme}`);
  }
});

test('at 400 % zoom the desk does not scroll sideways', async () => {
  await checkNarrow(ORIGIN, ['/desk', '/desk?edit=1'], async (page) => {
    await page.getByText('Largest customers').waitFor();
    await page.waitForTimeout(300);
  });
});

async function rules() {
  const { identityRules } = await graphql('{ identityRules { version kinds { name from parts except normalise blocked limit device merges } blocked maxIdentifiers sessionGap phoneCountry } }');
  return identityRules;
}

/**
 * @param {string} query
 * @returns {Promise<any>}
 */
async function graphql(query) {
  const response = await fetch(`${ORIGIN}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query }) });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined, JSON.stringify(errors));
  return data;
}
