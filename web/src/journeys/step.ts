// Steps as a person writes them, in the form of the command line: a name, or DIMENSION=VALUE[,VALUE…] joined by &.
import type { StepInput } from '../api/generated';

const FORM = 'write a name, or DIMENSION=VALUE[,VALUE…], joined by &';
const LISTS = { name: 'names', kind: 'kinds', channel: 'channels', campaign: 'campaigns' } as const;

/** The step of a text. An Error says what is wrong. */
export function stepOf(text: string): StepInput {
  if (text.trim() === '') throw new Error(`the step is empty: ${FORM}`);
  const parts = split(text, '&');
  if (!parts.every((part) => part.includes('='))) {
    if (text.includes('=')) throw new Error(`a part without =: ${FORM}`);
    return { names: [text] };
  }
  const step: StepInput = {};
  for (const part of parts) {
    const at = part.indexOf('=');
    const dimension = part.slice(0, at).trim();
    const values = split(part.slice(at + 1), ',').map(plain);
    if (dimension === '' || values.some((value) => value === '')) throw new Error(`a dimension or a value is missing: ${FORM}`);
    const list = Object.hasOwn(LISTS, dimension) ? LISTS[dimension as keyof typeof LISTS] : null;
    if (list) step[list] = [...(step[list] ?? []), ...values];
    else step.where = [...(step.where ?? []), { dimension, is: values }];
  }
  return step;
}

/** The text of a value of a dimension. */
export function textOf(dimension: string, value: string): string {
  if (dimension === 'name' && !value.includes('=') && value.trim() !== '') return value;
  return `${dimension}=${value.replace(/[,&\\]/g, '\\$&')}`;
}

/** A value as it is stored: one that is literally one of these words is shown with a backslash before it. */
export const stored = (value: string): string => (/^\\(START|END|\(none\)|\(direct\)|…)$/.test(value) ? value.slice(1) : value);

/** The parts between separators without a backslash before them. Keeps backslashes. */
function split(text: string, separator: string): string[] {
  const parts: string[] = [];
  let part = '';
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') part += text.slice(at, ++at + 1);
    else if (text[at] === separator) { parts.push(part); part = ''; }
    else part += text[at];
  }
  return [...parts, part];
}

const plain = (value: string): string => value.replace(/\\([,&\\])/g, '$1');
