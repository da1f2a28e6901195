// The trial of a new version. It starts beside the old one and must report healthy. Then the old one makes room, and
// the new one must do the whole work of an agent once: check for a self-update, and finish a detection. A version that
// cannot do this could never be replaced by a better one. Each change of mind is one rename of current.json.

import { formatHResult, type HResult, hresult } from '@moult/protocol/hresult';
import { hostBounds } from '../bounds.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import { type AgentVersion, type Current, withFailure } from './current.ts';
import type { FromProgram, Outcome } from './messages.ts';
import { type Program, startProgram } from './program.ts';
import { type Qualification, qualify } from './qualify.ts';

export interface TrialParts {
  root: MachineRoot;
  /** How long a version may take to report healthy. */
  trialMs: number;
  /** How long it may take to qualify after that. */
  qualifyMs: number;
  now(): Date;
  /** Writes current.json. False when the disk does not take it now. */
  write(current: Current): boolean;
  /** Ends the trial without a verdict: the machine goes down, and it is proven again at the next start. */
  stopping: AbortSignal;
  /** Ends the old program: only one may work on a machine. */
  makeRoom(): Promise<void>;
  hear(program: Program, message: FromProgram): void;
  tell(step: 'trial' | 'committed' | 'reverted', text: string, what: AgentVersion): void;
}

type TrialResult =
  /**
   * `outcome`: the detection of a qualified program that does not know trials. `next`: it already found its
   * successor.
   */
  | { kind: 'won'; program: Program; outcome: Outcome | undefined; next: AgentVersion | undefined }
  | { kind: 'stopped' }
  | { kind: 'lost'; hresult: HResult; message: string; previous: AgentVersion };

/**
 * Runs the trial that `trial` describes to its end. current.json is `committed` afterwards, unless it was stopped.
 * Without room to note that it began it does not begin: a version that takes the machine down with it is tried for
 * ever.
 */
export async function runTrial(parts: TrialParts, trial: Current, previous: AgentVersion): Promise<TrialResult> {
  const candidate: AgentVersion = { version: trial.version, generation: trial.generation };
  let lost: { hresult: HResult; message: string } = {
    hresult: hresult.setupHandlerFailed,
    message: `Version ${candidate.version} was started ${trial.attempt} times and did not qualify.`,
  };
  const before = trial.attempt ?? 0;
  const last = Math.min(before + hostBounds.attemptsPerRun, hostBounds.maxAttempts);
  for (let attempt = before + 1; attempt <= last; attempt++) {
    if (!parts.write({ ...candidate, state: 'trial', previous, attempt, failed: trial.failed })) {
      // The version is not to blame.
      const message = `The trial of ${candidate.version} cannot be noted: the disk takes no writes.`;
      parts.write({ ...previous, state: 'committed', proven: true, failed: trial.failed });
      return { kind: 'lost', hresult: hresult.diskFull, message, previous };
    }
    parts.tell(
      'trial',
      `Version ${candidate.version} is started beside ${previous.version} (attempt ${attempt}).`,
      candidate,
    );
    const proof = await prove(parts, candidate);
    if (proof.kind === 'qualified') {
      commit(parts, candidate, previous, trial);
      return { kind: 'won', program: proof.program, outcome: proof.outcome, next: proof.next };
    }
    if (proof.kind === 'stopped') {
      // A stop is not a failed attempt.
      const state = { state: 'trial', previous, attempt: attempt - 1, failed: trial.failed } as const;
      parts.write({ ...candidate, ...state });
      return { kind: 'stopped' };
    }
    lost = proof;
    if (proof.isFinal) break;
  }
  giveUp(parts, candidate, previous, trial, lost);
  return { kind: 'lost', hresult: lost.hresult, message: lost.message, previous };
}

/** The version before stays on the disk: it comes back when this one dies again and again. */
function commit(parts: TrialParts, candidate: AgentVersion, previous: AgentVersion, trial: Current): void {
  const failed = trial.failed.filter(({ version }) => version !== candidate.version);
  parts.write({ ...candidate, state: 'committed', previous, proven: false, starts: 0, failed });
  parts.tell('committed', `Version ${candidate.version} qualified: it is the agent now.`, candidate);
}

function giveUp(
  parts: TrialParts,
  candidate: AgentVersion,
  previous: AgentVersion,
  trial: Current,
  lost: { hresult: HResult; message: string },
): void {
  const failure = { version: candidate.version, hresult: lost.hresult, at: parts.now().toISOString() };
  parts.write({ ...previous, state: 'committed', proven: true, failed: withFailure(trial, failure) });
  const text = `${lost.message} Back to ${previous.version} (${formatHResult(lost.hresult)}).`;
  parts.tell('reverted', text, previous);
}

type Proof =
  | { kind: 'qualified'; program: Program; outcome: Outcome | undefined; next: AgentVersion | undefined }
  | { kind: 'stopped' }
  /** `isFinal`: another attempt now ends in the same way. */
  | { kind: 'failed'; isFinal: boolean; hresult: HResult; message: string };

async function prove(parts: TrialParts, candidate: AgentVersion): Promise<Proof> {
  const proof = await startCandidate(parts, candidate);
  if (proof.kind !== 'healthy') return proof;
  await parts.makeRoom();
  const { program, heard } = proof;
  const { stopGraceMs } = hostBounds;
  const result: Qualification = await qualify({ ...parts, candidate, program, heard, stopGraceMs });
  return result.kind === 'qualified' ? { ...result, program } : result;
}

/** The words of a started candidate go to the last listener. */
export interface Heard {
  /** The program knows trials: it says `qualified`. */
  qualifies: boolean;
  listen(to: (message: FromProgram) => void): void;
}

type Started =
  | { kind: 'healthy'; program: Program; heard: Heard }
  | { kind: 'stopped' }
  | { kind: 'failed'; isFinal: boolean; hresult: HResult; message: string };

function startCandidate({ root, trialMs, stopping, hear }: TrialParts, candidate: AgentVersion): Promise<Started> {
  return new Promise((resolve) => {
    let program: Program | undefined;
    let listener: ((message: FromProgram) => void) | undefined;
    let timedOut = false;
    const timer = setTimeout(() => {
      const message = `Version ${candidate.version} did not report healthy within ${trialMs / 1000} s.`;
      // Judged before it is killed, or its death counts as a crash and earns it a second attempt.
      timedOut = true;
      void program
        ?.stop(0)
        .then(() => resolve({ kind: 'failed', isFinal: true, hresult: hresult.setupNotRegistered, message }));
    }, trialMs);
    program = startProgram(root, candidate, {
      trial: true,
      hear: (message) => {
        if (listener) listener(message);
        else if (message.kind === 'healthy' && message.version === candidate.version && program) {
          clearTimeout(timer);
          stopping.removeEventListener('abort', stop);
          const heard = {
            qualifies: message.qualifies === true,
            listen: (to: (message: FromProgram) => void) => {
              listener = to;
            },
          };
          listener = () => undefined;
          resolve({ kind: 'healthy', program, heard });
        } else if (program) hear(program, message);
      },
    });
    const stop = () => void program?.stop(hostBounds.stopGraceMs);
    stopping.addEventListener('abort', stop, { once: true });
    if (stopping.aborted) stop();
    void program.gone.then((how) => {
      clearTimeout(timer);
      if (timedOut) return;
      stopping.removeEventListener('abort', stop);
      if (stopping.aborted) return resolve({ kind: 'stopped' });
      const message = `Version ${candidate.version} ended before it reported healthy: ${how}.`;
      resolve({ kind: 'failed', isFinal: false, hresult: hresult.setupHandlerFailed, message });
    });
  });
}

/** Stops the old program to make room for a new one, or the new one after it was given up. */
export function retire(program: Program): Promise<void> {
  return program.stop(hostBounds.stopGraceMs);
}
