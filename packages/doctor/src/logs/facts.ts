// Everything that logs were read for: what the readers fill and the rungs judge.
import { ReportedEvents } from '../client-log/agent-reports.ts';
import { LatestEvents } from '../client-log/server-events.ts';
import type { UnsentPing } from '../client-log/urllog.ts';
import type { Observation } from '../finding.ts';
import { HttpTally } from '../http-log/tally.ts';
import { Story } from '../story/story.ts';

/** How a file is read. `known` by a reader of its own (story/readers.ts). */
export type FileKind = 'w3c' | 'client' | 'registry' | 'pings' | 'known' | 'binary' | 'empty';

interface ReadFile {
  path: string;
  kind: FileKind;
  /** Of a file that a reader of its own has read: what it is. */
  title?: string;
  sizeBytes: number;
  lines: number;
}

export interface LogFacts {
  files: ReadFile[];
  tally: HttpTally;
  /** By client name. */
  stories: Map<string, Story>;
  /** The content of a server's logs, without requests and its event log. */
  serverStory: Story;
  /** The facts of readers about whole files: settings and states. */
  observations: Observation[];
  reported: ReportedEvents;
  serverEvents: LatestEvents;
  /** Lines of the server's own logs. */
  serverLines: number;
  unsent: UnsentPing[];
  /** Files of unsent pings that were read only in part. */
  cutPings: string[];
  /** .reg files met on the way. `doctor client` reads them. */
  registryFiles: string[];
  /** Files that could not be read, with why. */
  unreadable: { path: string; why: string }[];
}

export function emptyFacts(): LogFacts {
  return {
    files: [],
    tally: new HttpTally(),
    stories: new Map(),
    serverStory: new Story(),
    observations: [],
    reported: new ReportedEvents(),
    serverEvents: new LatestEvents(),
    serverLines: 0,
    unsent: [],
    cutPings: [],
    registryFiles: [],
    unreadable: [],
  };
}
