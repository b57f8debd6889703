// What can be taken away from a picture: its table as CSV, itself as SVG or PNG. Nothing leaves the browser.

/** CSV (RFC 4180), numbers with all digits. A text that a spreadsheet would read as a formula gets a quote before it. */
export function csvOf({ head, rows }: { head: string[]; rows: unknown[][] }): string {
  const cell = (value: unknown): string => {
    if (value === null || value === undefined) return '';
    if (typeof value === 'number') return String(value);
    const text = Array.isArray(value) ? value.join(' > ') : String(value);
    const safe = /^[=+@\t\r]/.test(text) || (text.startsWith('-') && Number.isNaN(Number(text))) ? `'${text}` : text;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return [head, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

export function download(name: string, type: string, content: BlobPart): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** The picture as pixels, two for each of its units. The policy allows images from data URLs. */
export async function pngOf(svg: string): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  // A canvas has a largest size; a larger picture is drawn smaller.
  const scale = Math.min(2, 8_000 / Math.max(image.width, image.height, 1));
  const canvas = Object.assign(document.createElement('canvas'), { width: Math.ceil(image.width * scale), height: Math.ceil(image.height * scale) });
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => canvas.toBlob((png) => (png ? resolve(png) : reject(new Error('the picture is too large for PNG')))));
}
