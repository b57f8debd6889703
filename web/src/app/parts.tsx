// Small parts that every page uses: what went wrong, what is on its way, what is empty, and a picture with its table.
import { useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import type { Trouble } from '../api/client';
import { Link, playgroundAt } from './router';

export function Problem({ trouble, again }: { trouble: Trouble; again?: () => void }) {
  return (
    <div className="problem" role="alert">
      <p>
        <strong>{capital(trouble.message)}.</strong> {capital(trouble.advice)}
      </p>
      {again && trouble.repeatable && <button type="button" onClick={again}>Try again</button>}
    </div>
  );
}

export function Waiting({ children = 'Loading …' }: { children?: ReactNode }) {
  return <p className="waiting" role="status">{children}</p>;
}

export function Empty({ children }: { children: ReactNode }) {
  return <div className="empty">{children}</div>;
}

/** The query behind what is shown, in the playground. */
export function QueryLink({ of, variables }: { of: { toString(): string }; variables: object }) {
  return <Link className="quiet" to={playgroundAt(of.toString(), variables)}>Query</Link>;
}

/**
 * A picture and its table: the same facts twice. `T` goes from one to the other.
 */
export function Twin(props: { title: string; id: string; query: ReactNode; picture: ReactNode; table: ReactNode; tools?: ReactNode; startWithTable?: boolean }) {
  const [asTable, setAsTable] = useState(props.startWithTable ?? false);
  const button = useRef<HTMLButtonElement>(null);
  const before = useRef(asTable);
  useEffect(() => {
    // What had the focus is gone with the picture or the table, so `T` would not come here again.
    if (before.current !== asTable && document.activeElement === document.body) button.current?.focus();
    before.current = asTable;
  }, [asTable]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key.toLowerCase() !== 't' || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    event.preventDefault();
    setAsTable(!asTable);
  };
  return (
    <section className="twin" aria-labelledby={props.id} onKeyDown={onKeyDown}>
      <div className="twin-head">
        <h2 id={props.id}>{props.title}</h2>
        <button ref={button} type="button" className="quiet" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
          Table <kbd>T</kbd>
        </button>
        {props.query}
      </div>
      {props.tools}
      {asTable ? props.table : props.picture}
    </section>
  );
}

export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement ||
    (target instanceof HTMLInputElement && !['checkbox', 'radio', 'range', 'button'].includes(target.type)) || target.closest('.monaco-editor') !== null;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
