// The facts that the home page needs from the rest of the server, apart from those of the store. Nothing here decides.
import type { HomeRelease, HomeServer, SiteName } from './home-document.ts';

/** How the self-update service is, port by port, as found by asking the ports themselves. */
export interface SelfUpdateHealth {
  ports: SelfUpdatePort[];
  /** The agent releases that clients are led to. */
  releases: HomeRelease[];
}

export interface SelfUpdatePort {
  port: number;
  site: SiteName;
  /** `not-listening` carries the reason why the port could not be had, as the system named it (EACCES, EADDRINUSE). */
  listening: { kind: 'listening' } | { kind: 'off' } | { kind: 'not-listening'; reason: string };
  /** Undefined until the port was asked. */
  checkedAt: Date | undefined;
  files: { path: string; answer: string; fine: boolean }[];
}

/** The server itself, as the page's head and foot show it. */
export type ServerFacts = Omit<HomeServer, 'startedAt'> & { startedAt: Date };
