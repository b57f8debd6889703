// A condition as JSON: lines to add, and lines to take away by their path.
import type { CustomerCondition } from '../api/generated';

/** What can be added, with a first value to change. The keys are those of the API's CustomerCondition. */
export const LINES: [name: string, condition: CustomerCondition][] = [
  ['a trait', { trait: { name: 'city', of: 'CHOSEN', is: { text: { in: ['Berlin'] } } } }],
  ['an identifier', { identifier: { kind: 'email', count: { min: 1 } } }],
  ['something done', { did: { what: { kinds: ['product'] } } }],
  ['not done', { not: { did: { what: { kinds: ['order'] } } } }],
  ['orders', { orders: { count: { min: 1 } } }],
  ['money spent', { spend: { currency: 'GBP', net: { min: '100' } } }],
  ['a consent', { consent: { purpose: 'newsletter', status: ['GRANTED'] } }],
  ['when seen', { seen: { last: { last: 'P90D' } } }],
  ['a saved segment', { segment: { name: 'VIP' } }],
];

export type Parsed = { condition: CustomerCondition; wrong: null } | { condition: null; wrong: string };

export function parse(text: string): Parsed {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return { condition: null, wrong: 'a condition is an object with one key, such as {"all": []}' };
    return { condition: value as CustomerCondition, wrong: null };
  } catch (error) {
    return { condition: null, wrong: `not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}

export const written = (condition: unknown): string => JSON.stringify(condition, null, 2);

/** The condition with one more line in its outermost `all`. */
export function withLine(condition: CustomerCondition, line: CustomerCondition): CustomerCondition {
  return condition.all ? { all: [...condition.all, line] } : { all: [condition, line] };
}

/** The condition without the line at a path such as `all.0.any.1`. */
export function withoutLine(condition: CustomerCondition, path: string): CustomerCondition {
  const copy = structuredClone(condition) as unknown;
  const parts = path.split('.');
  const last = Number(parts.pop());
  let list: unknown = copy;
  for (const part of parts) list = (list as Record<string, unknown>)[part];
  if (Array.isArray(list) && Number.isInteger(last)) list.splice(last, 1);
  return copy as CustomerCondition;
}
