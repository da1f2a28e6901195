// A known line: a pattern, and what a line says that matches it.
import type { Outcome, Stage } from '../story/event.ts';
import type { FindingCode } from '../words/codes.ts';

export interface KnownLine {
  id: string;
  /** In lower case: whatever matches has one of them. */
  words: readonly string[];
  /** Named groups become parameters. */
  pattern: RegExp;
  /** It does not say this where the text matches. */
  unless?: RegExp;
  /** Only in logs of this layout. */
  layout?: 'sus';
  says: Saying;
  /** Its meaning for the lines that follow. client-lines.ts knows these. */
  context?: Context;
}

interface Saying {
  /** If left out, the place where the client is anyway. */
  stage?: Stage;
  outcome?: Outcome;
  /** The cause by itself, or that it does no harm. */
  finding?: FindingCode | 'harmless';
  code?: number;
  alsoWell?: readonly Stage[];
  /** For the timeline. {name} is a parameter. */
  milestone?: string;
  parameters?: Readonly<Record<string, string>>;
}

type Context =
  | 'check-begins'
  | 'scan-begins'
  | 'scan-skipped'
  | 'validates'
  | 'names-service'
  | 'asks-service'
  | 'uses-proxy'
  | 'enters';
