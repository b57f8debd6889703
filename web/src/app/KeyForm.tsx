// The form that asks for a key, when the API does.
import { useState, type FormEvent } from 'react';
import { key, setKey } from '../api/key';

export function KeyForm() {
  const [text, setText] = useState('');
  const refused = key() !== null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() !== '') setKey(text.trim());
  };
  return (
    <form className="empty" onSubmit={submit}>
      <h1>{refused ? 'The key is not valid' : 'A key is needed'}</h1>
      <p id="key-about">
        This server asks every caller for a key. An administrator makes one
        with <code>throughline key create</code>. It is kept for this tab only.
      </p>
      <p>
        <label htmlFor="key">Key</label>{' '}
        <input
          id="key" type="password" autoComplete="off" spellCheck={false} autoFocus required
          aria-describedby="key-about" value={text} onChange={(event) => setText(event.target.value)}
        />{' '}
        <button type="submit">Use it</button>
      </p>
    </form>
  );
}
