// The bar that says that the server does not answer, and goes away by itself when it does again.
import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect, useSyncExternalStore } from 'react';
import { answers, trouble } from './fetcher';

const RETRY_MS = 4000;

export function Trouble() {
  const reason = useSyncExternalStore(trouble.subscribe, trouble.get);
  const introspecting = useGraphiQL((state) => state.isIntrospecting);
  const { introspect } = useGraphiQLActions();

  useEffect(() => {
    if (!reason) return;
    const timer = setInterval(() => {
      // Only the probe is repeated; the schema is asked for once a server is there, which also clears the bar.
      if (document.hidden) return;
      void answers().then((yes) => (yes ? introspect() : undefined));
    }, RETRY_MS);
    return () => clearInterval(timer);
  }, [reason, introspect]);

  // The element stays, so that screen readers announce what appears in it.
  return (
    <div className="trouble" role="alert">
      {reason && (
        <>
          <p>
            <strong>Throughline does not answer:</strong> {reason}. Is <code>throughline serve</code> running? The
            console goes on trying.
          </p>
          <button type="button" disabled={introspecting} onClick={() => void introspect()}>
            Try now
          </button>
        </>
      )}
    </div>
  );
}
