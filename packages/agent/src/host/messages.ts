// The messages between host and program over Node's IPC channel. One of them may be years older: kinds that the other
// side does not know are passed over, and no kind changes its meaning.
import type { Generation } from './current.ts';

/** One step of the story, for whoever watches (terminal, demo). */
export interface ProgressEvent {
  step: ProgressStep;
  text: string;
  generation: Generation;
  version: string;
}

export type ProgressStep =
  | 'started'
  | 'waiting'
  | 'ident'
  | 'decision'
  | 'download'
  | 'verify'
  | 'extract'
  | 'handover'
  | 'trial'
  | 'committed'
  | 'reverted'
  | 'repaired'
  | 'host'
  | 'legacy'
  | 'register'
  | 'scan'
  | 'applicable'
  | 'update-download'
  | 'install'
  | 'installed'
  | 'restart'
  | 'report'
  | 'ping'
  | 'failed'
  | 'finished';

/** How a detection ended. `code` is the AgentError's. Hresult 0 with ok. */
export interface Outcome {
  ok: boolean;
  hresult: number;
  code?: string;
  message: string;
  /** Updates that could not be downloaded or installed. The detection itself went well. Absent: none. */
  failedUpdates?: number;
}

/** A version that lost its trial, and why. */
export interface LostTrial {
  version: string;
  hresult: number;
  message: string;
}

export type ToProgram =
  /**
   * `trial`: qualify first (see `qualified`), and begin only when told `committed`. `lost`: a version was tried before
   * this start and did not qualify.
   */
  | { kind: 'begin'; now: boolean; once: boolean; trial?: boolean; lost?: LostTrial }
  /** The trial is won. `now`: as with `begin`. */
  | { kind: 'committed'; now: boolean }
  | { kind: 'detect' }
  | { kind: 'trial-failed'; version: string; hresult: number; message: string }
  | { kind: 'stop' };

export type FromProgram =
  /** `qualifies`: the program knows `trial`, `lost` and `committed`. Programs before 7.9.0.2 do not say it. */
  | { kind: 'healthy'; version: string; qualifies?: boolean }
  /** On trial: a whole self-update check and a whole detection went well. */
  | { kind: 'qualified'; version: string }
  | { kind: 'progress'; event: ProgressEvent }
  | { kind: 'handover'; version: string; generation: Generation }
  | { kind: 'finished'; outcome: Outcome };

/** The message, when it is of a kind that is known here and whole. */
export function asFromProgram(value: unknown): FromProgram | undefined {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return undefined;
  const message = value as Record<string, unknown>;
  const known =
    (message.kind === 'healthy' && typeof message.version === 'string') ||
    (message.kind === 'qualified' && typeof message.version === 'string') ||
    (message.kind === 'progress' && isProgress(message.event)) ||
    (message.kind === 'handover' &&
      typeof message.version === 'string' &&
      (message.generation === 'sus' || message.generation === 'wsus')) ||
    (message.kind === 'finished' && isOutcome(message.outcome));
  return known ? (value as FromProgram) : undefined;
}

/** As asFromProgram, for the other direction. */
export function asToProgram(value: unknown): ToProgram | undefined {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return undefined;
  const message = value as Record<string, unknown>;
  const known =
    message.kind === 'detect' ||
    message.kind === 'stop' ||
    (message.kind === 'begin' && typeof message.now === 'boolean' && typeof message.once === 'boolean') ||
    (message.kind === 'committed' && typeof message.now === 'boolean') ||
    (message.kind === 'trial-failed' && typeof message.version === 'string' && typeof message.hresult === 'number');
  return known ? (value as ToProgram) : undefined;
}

function isProgress(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const event = value as Record<string, unknown>;
  return typeof event.step === 'string' && typeof event.text === 'string';
}

function isOutcome(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const outcome = value as Record<string, unknown>;
  return typeof outcome.ok === 'boolean' && typeof outcome.hresult === 'number' && typeof outcome.message === 'string';
}
