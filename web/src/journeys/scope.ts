// The scope and the choices of a figure, as the address has them, and as the API reads them.
import type { CustomerCondition, JourneyScope, StepInput } from '../api/generated';
import { stepOf } from './step';

export type Wrong = { field: string; message: string };
export type Read<T> = { value: T; wrong: null } | { value: null; wrong: Wrong };

export const DIMENSIONS = ['name', 'kind', 'channel', 'direction', 'source', 'campaign', 'campaign_source', 'campaign_medium'];
export const SCOPE_FIELDS = ['since', 'until', 'segment', 'is', 'timeZone', 'per', 'dimension', 'purpose', 'include', 'exclude', 'sessionGap'];

/** The scope of the address; the other scope of a comparison has names that begin with `with.`. */
export function scopeOf(parameters: URLSearchParams, prefix = ''): Read<JourneyScope> {
  const get = (name: string) => parameters.get(prefix + name)?.trim() || null;
  const scope: JourneyScope = {};
  try {
    for (const name of ['since', 'until'] as const) {
      const text = get(name);
      if (!text) continue;
      const time = new Date(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text);
      if (Number.isNaN(time.getTime())) throw fault(name, 'this is not a day or a time: write 2026-01-31 or 2026-01-31T09:30:00Z');
      scope[name] = time.toISOString();
    }
    for (const name of ['segment', 'timeZone', 'dimension', 'purpose', 'sessionGap'] as const) {
      const text = get(name);
      if (text) scope[name] = text;
    }
    const is = get('is');
    if (is) scope.is = conditionOf(is);
    if (get('per') === 'SESSION') scope.per = 'SESSION';
    for (const name of ['include', 'exclude'] as const) {
      const text = get(name);
      if (text) scope[name] = step(name, text);
    }
  } catch (error) {
    if (error instanceof Fault) return { value: null, wrong: error.wrong };
    throw error;
  }
  return { value: scope, wrong: null };
}

export function readStep(field: string, text: string): Read<StepInput> {
  try {
    return { value: step(field, text), wrong: null };
  } catch (error) {
    if (error instanceof Fault) return { value: null, wrong: error.wrong };
    throw error;
  }
}

/** A whole number of the address, or what stands for it. */
export function numberOf(parameters: URLSearchParams, name: string, otherwise: number): number {
  const value = Number.parseInt(parameters.get(name) ?? '', 10);
  return Number.isNaN(value) ? otherwise : value;
}

class Fault extends Error {
  readonly wrong: Wrong;
  constructor(wrong: Wrong) {
    super(wrong.message);
    this.wrong = wrong;
  }
}

const fault = (field: string, message: string): Fault => new Fault({ field, message });

function step(field: string, text: string): StepInput {
  try {
    return stepOf(text);
  } catch (error) {
    throw fault(field, error instanceof Error ? error.message : String(error));
  }
}

function conditionOf(text: string): CustomerCondition {
  try {
    return JSON.parse(text) as CustomerCondition;
  } catch (error) {
    throw fault('is', `the condition is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}
