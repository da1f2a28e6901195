// The trial of a new version: started beside the old one, it has to report healthy within a time, or it is remembered
// as failed and the old one stays. Each change of mind is one rename of current.json.
import type { MachineRoot } from '../root/machine-root.ts';
import { formatHResult, type HResult, hresult } from '../transport/hresult.ts';
import { type AgentVersion, type Current, writeCurrent } from './current.ts';
import type { FromProgram } from './messages.ts';
import { type Program, startProgram } from './program.ts';

export interface TrialParts {
  root: MachineRoot;
  trialMs: number;
  now(): Date;
  /** Ends the trial without a verdict: the machine goes down, and it is proven again at the next start. */
  stopping: AbortSignal;
  hear(program: Program, message: FromProgram): void;
  tell(step: 'trial' | 'committed' | 'reverted', text: string, what: AgentVersion): void;
}

export type TrialResult =
  | { kind: 'won'; program: Program }
  | { kind: 'stopped' }
  | { kind: 'lost'; hresult: HResult; message: string; previous: AgentVersion };

/** A version that dies is started a second time: the first death may have been the machine's. */
const attemptsPerRun = 2;
/** An interrupted trial is proven again, but a version that takes the machine down with it is not tried for ever. */
const maxAttempts = 4;
/** Only one that hangs needs it: leaving is the answer to a message, however busy the machine is. */
const stopGraceMs = 10_000;

/** Runs the trial that `trial` describes to its end; current.json is `committed` afterwards, unless it was stopped. */
export async function runTrial(parts: TrialParts, trial: Current, previous: AgentVersion): Promise<TrialResult> {
  const candidate: AgentVersion = { version: trial.version, generation: trial.generation };
  let lost: { hresult: HResult; message: string } = {
    hresult: hresult.setupHandlerFailed,
    message: `Version ${candidate.version} was started ${trial.attempt} times and never reported healthy.`,
  };
  const before = trial.attempt ?? 0;
  for (let attempt = before + 1; attempt <= Math.min(before + attemptsPerRun, maxAttempts); attempt++) {
    writeCurrent(parts.root, { ...candidate, state: 'trial', previous, attempt, failed: trial.failed });
    parts.tell(
      'trial',
      `Version ${candidate.version} is started beside ${previous.version} (attempt ${attempt}).`,
      candidate,
    );
    const proof = await prove(parts, candidate);
    if (proof.kind === 'healthy') {
      writeCurrent(parts.root, { ...candidate, state: 'committed', failed: withoutVersion(trial, candidate.version) });
      parts.tell('committed', `Version ${candidate.version} reported healthy: it is the agent now.`, candidate);
      return { kind: 'won', program: proof.program };
    }
    if (proof.kind === 'stopped') {
      // A stop is no failed attempt.
      const state = { state: 'trial', previous, attempt: attempt - 1, failed: trial.failed } as const;
      writeCurrent(parts.root, { ...candidate, ...state });
      return { kind: 'stopped' };
    }
    lost = proof;
    if (proof.hung) break;
  }
  const failure = { version: candidate.version, hresult: lost.hresult, at: parts.now().toISOString() };
  writeCurrent(parts.root, {
    ...previous,
    state: 'committed',
    failed: [...withoutVersion(trial, candidate.version), failure],
  });
  const text = `${lost.message} Back to ${previous.version}; ${candidate.version} is not tried again (${formatHResult(lost.hresult)}).`;
  parts.tell('reverted', text, previous);
  return { kind: 'lost', hresult: lost.hresult, message: lost.message, previous };
}

type Proof =
  | { kind: 'healthy'; program: Program }
  | { kind: 'stopped' }
  | { kind: 'failed'; hung: boolean; hresult: HResult; message: string };

function prove({ root, trialMs, stopping, hear }: TrialParts, candidate: AgentVersion): Promise<Proof> {
  return new Promise((resolve) => {
    let program: Program | undefined;
    let timedOut = false;
    const timer = setTimeout(() => {
      const message = `Version ${candidate.version} did not report healthy within ${trialMs / 1000} s.`;
      // Judged before it is killed, or its death would be taken for a crash and earn it a second attempt.
      timedOut = true;
      void program
        ?.stop(0)
        .then(() => resolve({ kind: 'failed', hung: true, hresult: hresult.setupNotRegistered, message }));
    }, trialMs);
    program = startProgram(root, candidate, {
      trial: true,
      hear: (message) => {
        if (message.kind === 'healthy' && message.version === candidate.version && program) {
          clearTimeout(timer);
          stopping.removeEventListener('abort', stop);
          resolve({ kind: 'healthy', program });
        } else if (program) hear(program, message);
      },
    });
    const stop = () => void program?.stop(stopGraceMs);
    stopping.addEventListener('abort', stop, { once: true });
    if (stopping.aborted) stop();
    void program.gone.then((how) => {
      clearTimeout(timer);
      if (timedOut) return;
      stopping.removeEventListener('abort', stop);
      if (stopping.aborted) return resolve({ kind: 'stopped' });
      const message = `Version ${candidate.version} ended before it reported healthy: ${how}.`;
      resolve({ kind: 'failed', hung: false, hresult: hresult.setupHandlerFailed, message });
    });
  });
}

/** A version that is on trial again, or was won, is no longer among the failed. */
function withoutVersion({ failed }: Current, version: string): Current['failed'] {
  return failed.filter((failure) => failure.version !== version);
}

/** Stops the old program after a trial was won, or the new one after it was given up. */
export function retire(program: Program): Promise<void> {
  return program.stop(stopGraceMs);
}
