// Cells of a table, as `throughline journeys` writes them.
import { count } from '../app/words';

const SHARES = new Set(['share', 'shareOfFrom', 'ofFirst', 'ofPrevious', 'credit', 'shareA', 'shareB']);

/** `medianSeconds` is "median time". */
export const titleOf = (column: string): string => column.replace('Seconds', 'Time').replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

export function cellOf(column: string, value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (Array.isArray(value)) return value.join(column === 'values' ? ' → ' : ', ');
  if (typeof value !== 'number') return String(value);
  if (SHARES.has(column)) return perCent(value);
  if (column === 'difference') return `${value < 0 ? '−' : '+'}${Math.abs(value * 100).toFixed(1)} pp`;
  if (column.includes('Seconds')) return withUnits(value);
  return Number.isInteger(value) ? count(value) : value.toLocaleString(undefined, { maximumFractionDigits: 4 });
}

export function perCent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 0.1) return '<0.1 %';
  if (value > 99.9 && value < 100) return '>99.9 %';
  return `${value.toFixed(1)} %`;
}

/** A time with its two largest units: "2 d 7 h". */
export function withUnits(seconds: number): string {
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`;
  const units = [[86_400, 'd'], [3_600, 'h'], [60, 'min'], [1, 's']] as const;
  const at = Math.max(0, units.findIndex(([length]) => seconds >= length));
  const two = units.slice(at, at + 2);
  const smallest = two.at(-1)?.[0] ?? 1;
  let left = Math.round(seconds / smallest) * smallest;
  return two.flatMap(([length, unit]) => {
    const whole = Math.floor(left / length);
    left -= whole * length;
    return whole > 0 ? [`${whole} ${unit}`] : [];
  }).join(' ');
}
