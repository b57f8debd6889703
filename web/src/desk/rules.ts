// Identity rules as they are written in the form, and as the API takes them.
import type { IdentityRulesInput, RulesFragment } from '../api/generated';

export type Kind = RulesFragment['kinds'][number];
/** Lists are texts with one value a line; a limit is a text, empty for none. */
export type DraftKind = Pick<Kind, 'name' | 'from' | 'except' | 'normalise' | 'device' | 'merges'> & { key: string; isNew: boolean; composite: boolean; parts: string; blocked: string; limit: string };
export type Draft = { kinds: DraftKind[]; blocked: string; maxIdentifiers: string; sessionGap: string };

export function draftOf(rules: RulesFragment): Draft {
  return {
    kinds: rules.kinds.map(({ name, from, except, normalise, device, merges, parts, blocked, limit }) => ({
      key: name, isNew: false, composite: parts.length > 0, name, from, except, normalise, device, merges, parts: parts.join('\n'), blocked: blocked.join('\n'), limit: limit === null ? '' : String(limit),
    })),
    blocked: rules.blocked.join('\n'),
    maxIdentifiers: String(rules.maxIdentifiers),
    sessionGap: rules.sessionGap,
  };
}

/** A kind that is made of traits, or that is read from external ids. */
export function newKind(key: string, composite: boolean): DraftKind {
  return { key, isNew: true, composite, name: '', from: [], except: [], normalise: null, device: false, merges: true, parts: composite ? 'traits.first_name\ntraits.last_name' : '', blocked: '', limit: '' };
}

/** The rules to try or to save. A number that is none is left to `wrongIn`. */
export function inputOf(draft: Draft, rules: RulesFragment): IdentityRulesInput {
  return {
    basedOn: rules.version,
    kinds: draft.kinds.map(({ name, from, except, normalise, device, merges, parts, blocked, limit }) => ({
      name: name.trim(), from, parts: lines(parts), except, normalise, blocked: lines(blocked), limit: limit.trim() === '' ? null : Number(limit), device, merges,
    })),
    blocked: lines(draft.blocked),
    maxIdentifiers: Number(draft.maxIdentifiers),
    sessionGap: draft.sessionGap.trim(),
    phoneCountry: rules.phoneCountry,
  };
}

/** What cannot be sent at all, by the path that the API would use. */
export function wrongIn(draft: Draft): Map<string, string> {
  const wrong = new Map<string, string>();
  const whole = (path: string, text: string) => { if (!/^\d{1,9}$/.test(text.trim())) wrong.set(path, 'write a whole number'); };
  draft.kinds.forEach(({ name, limit, composite, parts }, index) => {
    if (name.trim() === '') wrong.set(`rules.kinds[${index}].name`, 'give the kind a name');
    if (limit.trim() !== '') whole(`rules.kinds[${index}].limit`, limit);
    if (composite && lines(parts).length < 2) wrong.set(`rules.kinds[${index}].parts`, 'a composite has two or more parts, one a line');
  });
  whole('rules.maxIdentifiers', draft.maxIdentifiers);
  if (!/^P(?=.)(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/.test(draft.sessionGap.trim())) wrong.set('rules.sessionGap', 'write a duration such as PT30M');
  return wrong;
}

/** What differs from the present rules, in words; empty when nothing does. */
export function changesOf(before: Draft, after: Draft): string[] {
  const changes: string[] = [];
  const names = new Set(after.kinds.map(({ key }) => key));
  for (const { key, name } of before.kinds) if (!names.has(key)) changes.push(`${name}: no longer a kind`);
  for (const kind of after.kinds) {
    const old = before.kinds.find(({ key }) => key === kind.key);
    const name = kind.name.trim() || 'a new kind';
    if (!old) {
      changes.push(`${name}: new`);
      continue;
    }
    if (old.limit.trim() !== kind.limit.trim()) changes.push(`${name}: at most ${kind.limit.trim() || 'any number'} of a customer, now ${old.limit || 'any number'}`);
    if (old.merges !== kind.merges) changes.push(`${name}: ${kind.merges ? 'may' : 'may not'} merge two customers`);
    if (old.device !== kind.device) changes.push(`${name}: ${kind.device ? 'a' : 'no'} device identifier`);
    if (old.parts !== kind.parts && lines(old.parts).join() !== lines(kind.parts).join()) changes.push(`${name}: made of ${lines(kind.parts).join(', ') || 'nothing'}`);
    if (lines(old.blocked).join('\n') !== lines(kind.blocked).join('\n')) changes.push(`${name}: other ignored values`);
  }
  const kept = after.kinds.filter(({ isNew }) => !isNew).map(({ name }) => name);
  const order = before.kinds.map(({ name }) => name).filter((name) => kept.includes(name));
  if (kept.join() !== order.join()) changes.push(`the order of strength: ${after.kinds.map(({ name }) => name).join(', ')}`);
  if (lines(before.blocked).join('\n') !== lines(after.blocked).join('\n')) changes.push('other values are ignored as identifiers');
  if (before.maxIdentifiers !== after.maxIdentifiers.trim()) changes.push(`at most ${after.maxIdentifiers.trim()} identifiers of a customer, now ${before.maxIdentifiers}`);
  if (before.sessionGap !== after.sessionGap.trim()) changes.push(`a session ends after ${after.sessionGap.trim()}, now ${before.sessionGap}`);
  return changes;
}

export const lines = (text: string): string[] => text.split('\n').map((line) => line.trim()).filter((line) => line !== '');
