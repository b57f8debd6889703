// A condition as data: reading and changing it by path, what a new part begins with, and what is not filled in yet.
import type { CustomerCondition } from '../api/generated';
import { ENUMS, INPUTS } from './shape';

export type Field = { name: string; type: string; list: boolean; required: boolean; start?: unknown; about: string };
/** An input type of the schema. */
export type Shape = { oneOf: boolean; about: string; fields: Field[] };
/** A value of an enum. */
export type Choice = { name: string; about: string };
export type Path = readonly (string | number)[];
/** What is wrong at a place of the condition. `missing` is not filled in yet, which is no mistake while one writes. */
export type Fault = { path: string; message: string; missing: boolean };
type Parts = Record<string, unknown>;

export const ROOT = 'CustomerCondition';

export const isParts = (value: unknown): value is Parts => typeof value === 'object' && value !== null && !Array.isArray(value);

export function at(root: unknown, path: Path): unknown {
  let value = root;
  for (const part of path) {
    if (Array.isArray(value)) value = value[Number(part)] as unknown;
    else if (isParts(value) && Object.hasOwn(value, part)) value = value[part];
    else return undefined;
  }
  return value;
}

/** The value with another part at a path. `undefined` takes the part away. */
export function withPart(root: unknown, path: Path, part: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return part;
  const inner = withPart(at(root, [first]), rest, part);
  if (Array.isArray(root)) {
    const copy: unknown[] = [...root];
    if (inner === undefined) copy.splice(Number(first), 1);
    else copy[Number(first)] = inner;
    return copy;
  }
  const copy: Parts = isParts(root) ? { ...root } : {};
  if (inner === undefined) delete copy[first];
  else copy[first] = inner;
  return copy;
}

/** A condition of one key, without the `not`s around it; null when it is of another form. */
export function nodeOf(value: unknown, path: Path): { nots: number; key: string; path: Path } | null {
  let inner = value;
  let place = path;
  let nots = 0;
  for (;;) {
    if (!isParts(inner)) return null;
    const [key, ...more] = Object.keys(inner);
    if (key === undefined || more.length > 0) return null;
    if (key !== 'not') return INPUTS[ROOT]?.fields.some(({ name }) => name === key) ? { nots, key, path: place } : null;
    inner = inner[key];
    place = [...place, key];
    nots += 1;
  }
}

/** What a new part begins with, where the first key or an empty part would be no help. */
const STARTS: Record<string, unknown> = {
  'CustomerCondition.did': { what: { kinds: [''] } },
  'TraitCondition.is': { text: { in: [''] } },
  'PropertyCondition.is': { text: { in: [''] } },
  'TouchpointCondition.times': { max: 0 },
  'ThenCondition.happened': false,
  'SeenCondition.first': { last: 'P30D' },
  'SeenCondition.last': { last: 'P30D' },
};

/** What a field begins with when it is added. */
export function startOf(type: string, field: Field): unknown {
  const given = STARTS[`${type}.${field.name}`] ?? field.start;
  if (given !== undefined) return structuredClone(given);
  return field.list ? (ENUMS[field.type] || field.type === ROOT ? [] : [emptyOf(field.type)]) : emptyOf(field.type);
}

/** An empty value of a type, with what it requires. */
export function emptyOf(type: string): unknown {
  if (type === ROOT) return { all: [] };
  const shape = INPUTS[type];
  if (shape) {
    const fields = shape.oneOf ? shape.fields.slice(0, 1) : shape.fields.filter(({ required }) => required);
    return Object.fromEntries(fields.map((field) => [field.name, startOf(type, field)]));
  }
  return ENUMS[type]?.[0]?.name ?? (type === 'Boolean' ? true : '');
}

/** Whether a type is written in one field. */
export const isLeaf = (type: string): boolean => INPUTS[type] === undefined;

/** What is not filled in or not of its type, so that it makes no sense to ask the API. */
export function faultsOf(root: unknown): Fault[] {
  const faults: Fault[] = [];
  const leaf = (type: string, value: unknown, path: Path) => {
    const fault = (message: string, missing = false) => faults.push({ path: path.join('.'), message, missing });
    if (value === '' || value === null) fault('fill this in', true);
    else if (type === 'Int' && !Number.isInteger(value)) fault('write a whole number, such as 3');
    else if (type === 'Float' && typeof value !== 'number') fault('write a number, such as 0.5');
  };
  const visit = (type: string, value: unknown, path: Path): void => {
    const shape = INPUTS[type];
    if (!shape) return leaf(type, value, path);
    if (!isParts(value)) return;
    if (shape.oneOf && Object.keys(value).length === 0) faults.push({ path: path.join('.'), message: 'choose what it is about', missing: true });
    for (const field of shape.fields) {
      const inner = value[field.name];
      const place = [...path, field.name];
      if (inner === undefined || inner === null) {
        if (field.required) faults.push({ path: place.join('.'), message: 'fill this in', missing: true });
      } else if (!field.list) {
        visit(field.type, inner, place);
      } else if (Array.isArray(inner)) {
        if (inner.length === 0 && ENUMS[field.type]) faults.push({ path: place.join('.'), message: 'choose at least one', missing: true });
        inner.forEach((one: unknown, index) => visit(field.type, one, [...place, index]));
      }
    }
  };
  visit(ROOT, root, []);
  return faults;
}

/** The deepest part of the condition on the way to a path: a form shows there what is wrong with a part that is not there. */
export function nearest(root: unknown, path: string): { path: string; rest: string } {
  const parts = path === '' ? [] : path.split('.');
  for (let length = parts.length; length > 0; length--) {
    if (at(root, parts.slice(0, length)) !== undefined) return { path: parts.slice(0, length).join('.'), rest: parts.slice(length).join('.') };
  }
  return { path: '', rest: path };
}

export type Parsed = { condition: CustomerCondition; wrong: null } | { condition: null; wrong: string };

/** Numbers that a double cannot hold stay exact as texts, which a Decimal may be. */
export function parse(text: string): Parsed {
  try {
    const exact = (_key: string, value: unknown, context?: { source?: string }): unknown =>
      (typeof value === 'number' && context?.source !== undefined && String(value) !== context.source && !/e/i.test(context.source) ? context.source : value);
    const value: unknown = JSON.parse(text, exact);
    if (!isParts(value)) return { condition: null, wrong: 'a condition is an object with one key, such as {"all": []}' };
    return { condition: value as CustomerCondition, wrong: null };
  } catch (error) {
    return { condition: null, wrong: `not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}

export const written = (condition: unknown): string => JSON.stringify(condition, null, 2);
