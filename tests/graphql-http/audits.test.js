/**
 * Every audit of npm's `graphql-http`, each as a test of its own, against `THROUGHLINE_URL`.
 *
 * The audits sort themselves into MUST, SHOULD and MAY; here all are held to, so that any client
 * which follows the GraphQL over HTTP specification meets no surprise. Run by `make test`, or by
 * hand: `scripts/with-server npm --prefix tests/graphql-http test`.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { serverAudits } from "graphql-http";

const base = process.env.THROUGHLINE_URL;
assert.ok(base, "THROUGHLINE_URL is not set: run this through scripts/with-server");

const audits = serverAudits({ url: new URL("/graphql", base).href });

test("the audits are all there", () => {
  // A newer graphql-http may bring more; fewer would be a test that got lost.
  assert.ok(audits.length >= 61, `expected at least 61 audits, got ${audits.length}`);
});

for (const { id, name, fn } of audits) {
  test(`${id} ${name}`, async () => {
    const result = await fn();
    assert.equal(result.status, "ok", `${result.reason ?? ""}\n${await answer(result)}`);
  });
}

/** What the server said, for the failure's message; an audit that passed has no answer to show. */
async function answer({ response }) {
  if (!response) return "";
  const body = response.bodyUsed ? "(body already read)" : await response.text();
  return `${response.status} ${response.headers.get("content-type")}\n${body.slice(0, 500)}`;
}
