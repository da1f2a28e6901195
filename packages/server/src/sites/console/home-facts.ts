// What the home page asks of the rest of the server. The store and the self-update site answer; nothing here decides.
import type { Generation, HomeEvent, HomeRelease, SiteName } from './home-document.ts';

/** Counted and read in the store. */
export interface HomeFacts {
  computers: {
    total: number;
    lastContactAt: Date | undefined;
    byVersion: { generation: Generation; version: string; computers: number }[];
  };
  updates: { total: number; approved: number };
  /** Newest first, bounded by what the page shows. */
  events: HomeEventFact[];
}

export type HomeEventFact = Omit<HomeEvent, 'at'> & { at: Date };

/** How the self-update service is, port by port, as found by asking the ports themselves. */
export interface SelfUpdateHealth {
  ports: SelfUpdatePort[];
  releases: HomeRelease[];
}

export interface SelfUpdatePort {
  port: number;
  site: SiteName;
  /** `not-listening` carries the reason why the port could not be had, as the system named it (EACCES, EADDRINUSE). */
  listening: { kind: 'listening' } | { kind: 'off' } | { kind: 'not-listening'; reason: string };
  checkedAt: Date | undefined;
  files: { path: string; answer: string; fine: boolean }[];
}
