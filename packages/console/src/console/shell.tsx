// The frame around every view: where one can go, who one is, and the keys.
import { type ReactNode, Suspense, useEffect, useState } from 'react';
import { call, onCallEnd } from './api/call.ts';
import { noteChange } from './api/changes.ts';
import { spread } from './api/pace.ts';
import { go, hrefOf, useAddress } from './kit/address.ts';
import { Link } from './kit/link.tsx';
import { Menu } from './kit/menu.tsx';
import { choicesOf, type Preferences, prefer, usePreferences } from './kit/preferences.ts';
import { permits, useSession } from './kit/session.tsx';
import { createReader, takesText } from './kit/shortcuts.ts';
import { Loading } from './kit/states.tsx';
import { useWords } from './kit/words.tsx';
import { Palette } from './palette.tsx';
import { ShortcutList } from './shortcut-list.tsx';
import { StopNotice } from './views/stop.tsx';
import { firstForGroups, views } from './views.ts';

export function Shell({ onLeave }: { onLeave(): void }): ReactNode {
  const words = useWords();
  const { roles, isWholeServer } = useSession();
  const { view } = useAddress();
  const [asked = '', id] = view.split('/').map(decodePart);
  const name = asked === '' && !isWholeServer ? firstForGroups : asked;
  const found = views.find((one) => one.name === name);
  const mayOpen = ({ permission, isForGroups }: (typeof views)[number]) =>
    permits(roles, permission) && (isWholeServer || isForGroups);
  const shown = views.filter(mayOpen);
  const [isAway, setIsAway] = useState(false);
  const [open, setOpen] = useState<'palette' | 'help' | undefined>();
  useEffect(() => onCallEnd((heard) => setIsAway(heard === 'away')), []);
  useEffect(() => {
    if (!isAway) return undefined;
    // When the server is there again, so is everything that is shown.
    let timer: ReturnType<typeof setTimeout>;
    const plan = () => {
      timer = setTimeout(ask, spread(askAwayMs, Math.random()));
    };
    const ask = () => {
      plan();
      if (document.hidden) return;
      call('whoAmI', { isBackground: true }).then(
        () => noteChange({ isBackground: true }),
        () => undefined,
      );
    };
    plan();
    return () => clearTimeout(timer);
  }, [isAway]);
  useShortcuts();
  useEffect(() => {
    document.title = found ? `${words.nav[found.label]} – Moult` : 'Moult';
  }, [found, words]);

  return (
    <div className="shell">
      <a className="skip" href="#main">
        {words.nav.skip}
      </a>
      <header className="top">
        <Link href={hrefOf('')} className="brand">
          Moult
        </Link>
        <button type="button" className="find" data-shortcut="palette" onClick={() => setOpen('palette')}>
          {words.palette.open} <kbd>Ctrl K</kbd>
        </button>
        <span className="top-tools">
          <button
            type="button"
            className="quiet"
            data-shortcut="help"
            onClick={() => setOpen('help')}
            aria-label={words.shortcuts.help}
          >
            ?
          </button>
          <Own onLeave={onLeave} />
        </span>
      </header>
      <nav className="side" aria-label={words.nav.label}>
        {[...Map.groupBy(shown, ({ section }) => section)].map(([section, inside]) => (
          <div key={section} className="side-section">
            {section !== 'home' && (
              <p className="side-title" id={`section-${section}`}>
                {words.nav.sections[section]}
              </p>
            )}
            <ul aria-labelledby={section === 'home' ? undefined : `section-${section}`}>
              {inside.map((one) => (
                <li key={one.name}>
                  <Link href={hrefOf(one.name)} current={one.name === name}>
                    {words.nav[one.label]}
                  </Link>
                </li>
              ))}
            </ul>
          </div>
        ))}
        <ul>
          <li>
            <a href="/docs/">{words.nav.docs}</a>
          </li>
        </ul>
      </nav>
      <main id="main" tabIndex={-1}>
        {isAway && (
          <div className="notice notice-bad" role="alert">
            <p>
              <strong>{words.states.away}</strong> {words.states.awayText}
            </p>
          </div>
        )}
        <StopNotice />
        {!found ? (
          <p className="empty">{words.nav.noView}</p>
        ) : mayOpen(found) ? (
          <Suspense fallback={<Loading />}>
            <found.Show key={`${name}/${id ?? ''}`} id={id} />
          </Suspense>
        ) : (
          <p className="empty">{words.states.forbidden}</p>
        )}
      </main>
      {open === 'palette' && <Palette onClose={() => setOpen(undefined)} />}
      {open === 'help' && <ShortcutList onClose={() => setOpen(undefined)} />}
    </div>
  );
}

const askAwayMs = 3_000;

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function Own({ onLeave }: { onLeave(): void }): ReactNode {
  const words = useWords();
  const { account, roles, isWholeServer, groups } = useSession();
  const logOff = async () => {
    await call('logOff').catch(() => undefined);
    onLeave();
  };
  return (
    <Menu className="menu-end" label={<bdi>{account}</bdi>}>
      <p className="dim">{roles.map((role) => words.roles[role]).join(', ')}</p>
      {!isWholeServer && <p className="dim">{words.session.reaches(groups.join(', '))}</p>}
      <Choice name="language" label={words.preferences.language} texts={words.preferences.languages} />
      <Choice name="scheme" label={words.preferences.scheme} texts={words.preferences.schemes} />
      <Choice name="clock" label={words.preferences.clock} texts={words.preferences.clocks} />
      <Choice name="letters" label={words.preferences.letters} texts={words.preferences.onOff} />
      <Link href={hrefOf('account')}>{words.nav.account}</Link>
      <button type="button" onClick={() => void logOff()}>
        {words.session.logOff}
      </button>
    </Menu>
  );
}

function Choice<Name extends keyof Preferences>(props: {
  name: Name;
  label: string;
  texts: Record<Preferences[Name], string>;
}): ReactNode {
  const { name, label, texts } = props;
  const chosen = usePreferences()[name];
  return (
    <label className="filter">
      <span>{label}</span>
      <select value={chosen} onChange={(event) => prefer({ [name]: event.currentTarget.value })}>
        {choicesOf(name).map((one) => (
          <option key={one} value={one}>
            {texts[one]}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Presses the button of the shortcut, or goes to its view. */
function useShortcuts(): void {
  const { letters } = usePreferences();
  useEffect(() => {
    const read = createReader(() => performance.now());
    const listen = (event: KeyboardEvent) => {
      const isControl = event.ctrlKey || event.metaKey;
      if (event.altKey || event.isComposing || ['Shift', 'Control', 'Meta', 'Alt'].includes(event.key)) return;
      if (!isControl && (letters === 'off' || takesText(document.activeElement))) return;
      if (document.querySelector('dialog[open]')) return;
      const found = read(event.key, isControl);
      if (!found) return;
      if ('view' in found.does) {
        event.preventDefault();
        go(hrefOf(found.does.view));
        return;
      }
      const target =
        found.does.button === 'filter'
          ? '[data-first-filter]'
          : `[data-shortcut="${found.does.button}"]:not(:disabled)`;
      const element = document.querySelector<HTMLElement>(target);
      if (!element) return;
      event.preventDefault();
      if (found.does.button === 'filter') element.focus();
      else element.click();
    };
    addEventListener('keydown', listen);
    return () => removeEventListener('keydown', listen);
  }, [letters]);
}
