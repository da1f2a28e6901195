import type { HomeDocument } from '@moult/server/home-document';
import type { ReactNode } from 'react';
import type { Connection } from './home-feed.ts';
import type { ClockSetting } from './time.tsx';

const connectionWords: Record<Connection, string> = {
  connecting: 'Connecting…',
  live: 'Live',
  asking: 'Refreshed every 5 seconds',
  lost: 'No connection',
};

/** Whose page this is, whether it is live, and in which time it speaks. */
export function PageHeader(props: {
  home: HomeDocument | undefined;
  connection: Connection;
  clock: ClockSetting;
  onClock: (setting: ClockSetting) => void;
}): ReactNode {
  const { home, connection, clock, onClock } = props;
  return (
    <header>
      <a className="brand" href="/" aria-label="Moult, home page">
        <svg viewBox="0 0 32 32" width="36" height="36" aria-hidden="true" focusable="false">
          <rect width="32" height="32" rx="8" className="brand-ground" />
          <path d="M6 23V9.5l7 8 7-8" className="brand-old" />
          <path d="M12 23V9.5l7 8 7-8V23" className="brand-new" />
        </svg>
        <span>Moult</span>
      </a>
      <p className="address">{home?.server.addresses[0]?.url ?? location.origin}</p>
      <p className={`connection connection-${connection}`}>{connectionWords[connection]}</p>
      <button type="button" aria-pressed={clock === 'utc'} onClick={() => onClock(clock === 'utc' ? 'local' : 'utc')}>
        Times in UTC
      </button>
    </header>
  );
}
