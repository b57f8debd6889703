// Server-sent events over fetch, which, other than the browser's own EventSource, sends a body and headers.

export type ServerEvent = { name: string; data: string };

/** The events of a response, as they come (HTML standard, "Interpreting an event stream"); what says nothing is left out. */
export async function* serverEvents(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<ServerEvent> {
  let text = '';
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const event = read(text.slice(0, end));
      text = text.slice(end + 2);
      if (event) yield event;
    }
  }
}

function read(block: string): ServerEvent | null {
  let name = 'message';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
    if (field === 'event') name = value ?? '';
    if (field === 'data') data.push(value ?? '');
  }
  return data.length > 0 ? { name, data: data.join('\n') } : null;
}
