// The meaning of a line of a log, of any program. Readers make events of lines. The story folds them. Rules judge them.
// Pure.
import type { FindingCode } from '../words/codes.ts';

/** The kinds of logs that readers know. A reader of a new kind adds its name. */
export type LogKind =
  | 'sus-log'
  | 'windows-update-log'
  | 'get-windows-update-log'
  | 'reporting-events'
  | 'client-diag'
  | 'software-distribution-log'
  | 'configuration-manager'
  | 'windows-event'
  | 'ansible'
  | 'ps-windows-update'
  | 'dism-log'
  | 'setup-log'
  | 'http-err'
  | 'settings'
  | 'text';

export interface LogSource {
  kind: LogKind;
  /** Path of the file. `archive.zip/name` inside an archive. */
  file: string;
  /** Whose work the log tells of. */
  side: 'client' | 'server';
  /** The program or component that wrote the line: component, class, provider. */
  component?: string;
}

/** The stage of the work of updating. It is half of a cause: 404 of a service is not 404 of a file. */
export type Stage =
  | 'self-update'
  | 'detection'
  | 'web-service'
  | 'auth-ticket'
  | 'download'
  | 'trust'
  | 'installation'
  | 'reporting'
  | 'server-sync'
  | 'database'
  | 'server-setup'
  | 'policy'
  | 'service'
  | 'other';

/**
 * How it went. `failed` ends an operation. `warned` is trouble on the way, which may have done no harm. `ended` is an
 * end that does not say how. `noted` says neither good nor bad.
 */
export type Outcome = 'began' | 'succeeded' | 'failed' | 'warned' | 'ended' | 'noted';

export interface LogEvent {
  /** Milliseconds since 1970, UTC where `zone` says so, else of the clock face as written. */
  time?: number | undefined;
  zone?: 'utc' | 'written' | undefined;
  source: LogSource;
  stage: Stage;
  /** The object of the operation: URL, file, service, id of an update, database. */
  object?: string | undefined;
  outcome: Outcome;
  /** HRESULT, unsigned. */
  code?: number | undefined;
  /** HTTP. */
  status?: number | undefined;
  subStatus?: number | undefined;
  /**
   * Further names in it: `method`, `actor`, `errorCode`, `parameter` (of a SOAP fault), `serviceGuid`, `server`,
   * `host`, `file`, `found` (number of updates), `version` and others. Pages use them as {placeholders}.
   */
  parameters: Readonly<Record<string, string>>;
  line: { number: number; text: string };
  /** The level in its own log. An error that no rule understands makes the report undecided. */
  level?: 'error' | 'warning' | 'information' | undefined;
  /** Id of the known line that understood it. */
  rule?: string | undefined;
  /** The known line is the cause by itself, or is known to do no harm. */
  finding?: FindingCode | 'harmless' | undefined;
  /** Whose service it is about, where the line tells. */
  whose?: 'yours' | 'microsoft' | undefined;
  /** Words for the timeline, where it is worth a mark there. */
  milestone?: string | undefined;
  /** Further stages that a success shows to be well: a scan that ended well had its self-update check, too. */
  alsoWell?: readonly Stage[] | undefined;
}

/** Values of an event without what it does not know. */
export const noParameters: Readonly<Record<string, string>> = Object.freeze({});
