// How values are written for a person.

const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const EXACT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const RELATIVE = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });

export const day = (time: string | number): string => DAY.format(new Date(time));
export const moment = (time: string | number): string => MOMENT.format(new Date(time));
export const exact = (time: string): string => EXACT.format(new Date(time));
export const count = (value: number): string => value.toLocaleString();

/** "3 days ago". */
export function ago(time: string, now = Date.now()): string {
  const days = Math.round((Date.parse(time) - now) / 86_400_000);
  if (Math.abs(days) < 45) return RELATIVE.format(days, 'day');
  if (Math.abs(days) < 700) return RELATIVE.format(Math.round(days / 30.4), 'month');
  return RELATIVE.format(Math.round(days / 365.25), 'year');
}

/** The exact decimal: a number would round a large amount. */
export function money({ amount, currency }: { amount: string; currency: string }): string {
  return `${figure(amount)}\u00a0${currency}`;
}

/** A decimal with its thousands apart. */
export function figure(amount: string): string {
  const [whole = '0', part] = amount.split('.');
  return whole.replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f') + (part ? `.${part}` : '');
}

/** "loyalty_card" → "loyalty card"; "CUSTOMERS_MERGED" → "customers merged". */
export const plain = (word: string): string => (/^[A-Z_]+$/.test(word) ? word.toLowerCase() : word).replaceAll('_', ' ');

export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;

/** A trait or a property of any JSON type. */
export function json(value: unknown): string {
  if (value === null || value === undefined) return '–';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
