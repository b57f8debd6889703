// The shell: the head with search, and the page that the address names.
import { lazy, Suspense, useEffect, useRef, useSyncExternalStore } from 'react';
import { key, keyIsAsked, setKey } from '../api/key';
import { GreetPage } from '../greet/GreetPage';
import { LivePage } from '../live/LivePage';
import { CustomerPage } from '../customer/CustomerPage';
import { SearchBox } from '../search/SearchBox';
import { SearchPage } from '../search/SearchPage';
import { KeyForm } from './KeyForm';
import { Empty, isTyping, Waiting } from './parts';
import { Link, useAddress } from './router';

// Monaco is larger than all other pages together, so it comes only when it is asked for.
const Playground = lazy(() => import('../playground/Playground').then(({ Playground }) => ({ default: Playground })));

// These pages come when they are opened, so that the first page stays small.
const JourneysPage = lazy(() => import('../journeys/JourneysPage').then(({ JourneysPage }) => ({ default: JourneysPage })));
const SegmentsPage = lazy(() => import('../segments/SegmentsPage').then(({ SegmentsPage }) => ({ default: SegmentsPage })));
const DeskPage = lazy(() => import('../desk/DeskPage').then(({ DeskPage }) => ({ default: DeskPage })));

const PAGES = [
  ['/', 'Search'],
  ['/journeys', 'Journeys'],
  ['/segments', 'Segments'],
  ['/desk', 'Desk'],
  ['/greet', 'At the till'],
  ['/live', 'Live'],
  ['/playground', 'Playground'],
] as const;

export function App() {
  const { path } = useAddress();
  const main = useRef<HTMLElement>(null);
  const asked = useSyncExternalStore(keyIsAsked.subscribe, keyIsAsked.get);
  useSlash();
  const firstPath = useRef(path);
  useEffect(() => {
    // After a link the keyboard and the screen reader go on from the new page.
    if (firstPath.current === path) return;
    firstPath.current = path;
    if (!main.current?.contains(document.activeElement)) main.current?.focus();
    scrollTo(0, 0);
  }, [path]);

  return (
    <>
      <a className="skip" href="#main" onClick={(event) => { event.preventDefault(); main.current?.focus(); }}>To the page</a>
      <header className="shell">
        <Link to="/" className="brand">Throughline</Link>
        <nav aria-label="Pages">
          {PAGES.map(([to, name]) => (
            <Link key={to} to={to} {...(path === to && { 'aria-current': 'page' as const })}>{name}</Link>
          ))}
        </nav>
        {path !== '/' && !asked && <SearchBox inHead />}
        {key() !== null && !asked && <button type="button" className="quiet" onClick={() => setKey(null)}>Forget the key</button>}
      </header>
      <main id="main" ref={main} tabIndex={-1} className={path === '/playground' ? 'full' : 'page'}>
        <Suspense fallback={<Waiting>The page is loading …</Waiting>}>
          {asked ? <KeyForm /> : <Page path={path} />}
        </Suspense>
      </main>
    </>
  );
}

function Page({ path }: { path: string }) {
  const customer = /^\/customers\/([^/]+)$/.exec(path)?.[1];
  const title = customer ? 'Customer' : (PAGES.find(([to]) => to === path)?.[1] ?? 'Not found');
  useEffect(() => {
    document.title = path === '/' ? 'Throughline' : `${title} – Throughline`;
  }, [path, title]);
  if (customer) return <CustomerPage key={customer} id={decoded(customer)} />;
  switch (path) {
    case '/': return <SearchPage />;
    case '/greet': return <GreetPage />;
    case '/journeys': return <JourneysPage />;
    case '/segments': return <SegmentsPage />;
    case '/desk': return <DeskPage />;
    case '/live': return <LivePage />;
    case '/playground': return <Playground />;
    default: return (
      <Empty>
        <h1>There is no such page</h1>
        <p>Nothing is at <code>{path}</code>. Search for a customer with <kbd>/</kbd>, or go to <Link to="/">the first page</Link>.</p>
      </Empty>
    );
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** `/` goes to the search field, from everywhere but a field. */
function useSlash(): void {
  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const field = document.getElementById('search');
      if (!(field instanceof HTMLInputElement)) return;
      event.preventDefault();
      field.focus();
      field.select();
    };
    addEventListener('keydown', focus);
    return () => removeEventListener('keydown', focus);
  }, []);
}
