// The panel "Worlds": every ready query by its title; choosing one opens it in a tab.
import { useGraphiQL, useGraphiQLActions, type GraphiQLPlugin } from '@graphiql/react';
import { useState } from 'react';
import { readyQueries, worlds, type ReadyQuery } from './readyQueries';

export const worldsPlugin: GraphiQLPlugin = { title: 'Worlds', icon: WorldsIcon, content: WorldsPanel };

function WorldsPanel() {
  const open = useOpenQuery();
  const [opened, setOpened] = useState('');
  return (
    <section className="worlds" aria-labelledby="worlds-heading">
      <h2 id="worlds-heading">Worlds</h2>
      {readyQueries.length === 0 ? (
        <p>This build has no ready queries: the folder <code>seeds/queries</code> was not there.</p>
      ) : (
        <>
          <p>
            Small stories that <code>throughline demo</code> puts into the store. A query opens in a tab; run it with{' '}
            <kbd>Ctrl</kbd> <kbd>Enter</kbd>.
          </p>
          {worlds.map((world) => (
            <section key={world.queries[0]?.ready.name}>
              {world.name && <h3>{world.name}</h3>}
              <ul>
                {world.queries.map(({ asks, ready }) => (
                  <li key={ready.name}>
                    <button
                      type="button"
                      aria-label={ready.title}
                      onClick={() => {
                        open(ready);
                        setOpened(ready.title);
                      }}
                    >
                      {asks}
                    </button>
                  </li>
                ))}
              </ul>
            </section>
          ))}
        </>
      )}
      <p className="worlds-status" role="status">{opened && `Opened: ${opened}`}</p>
    </section>
  );
}

/** Goes to the tab that already holds this query, else opens a new one. Focus goes to the editor, ready to run. */
function useOpenQuery(): (ready: ReadyQuery) => void {
  const { addTab, changeTab, updateActiveTabValues } = useGraphiQLActions();
  const tabs = useGraphiQL((state) => state.tabs);
  const queryEditor = useGraphiQL((state) => state.queryEditor);
  return ({ query }) => {
    const index = tabs.findIndex((tab) => tab.query?.trim() === query.trim());
    if (index >= 0) {
      changeTab(index);
    } else {
      addTab();
      queryEditor?.setValue(query);
      updateActiveTabValues({ query });
    }
    queryEditor?.focus();
  };
}

function WorldsIcon() {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <path d="M3 17c5 0 4-10 9-10s4 10 9 2" strokeLinecap="round" />
      <circle cx="3.5" cy="17" r="2" fill="currentColor" />
      <circle cx="12" cy="7" r="2" fill="currentColor" />
      <circle cx="20.5" cy="9" r="2" fill="currentColor" />
    </svg>
  );
}
