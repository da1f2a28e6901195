// The second half of a trial: the candidate, alone on the machine, does the whole work of an agent once. A program that
// knows trials says `qualified` after a self-update check and a scan. It installs nothing before it is committed. An
// older program does not know trials: its first detection counts.
import { formatHResult, type HResult, hresult } from '@moult/protocol/hresult';
import type { AgentVersion } from './current.ts';
import type { FromProgram, Outcome } from './messages.ts';
import type { Program } from './program.ts';
import type { Heard } from './trial.ts';

interface QualifyParts {
  candidate: AgentVersion;
  program: Program;
  heard: Heard;
  qualifyMs: number;
  stopGraceMs: number;
  stopping: AbortSignal;
  hear(program: Program, message: FromProgram): void;
}

export type Qualification =
  | { kind: 'qualified'; outcome: Outcome | undefined; next: AgentVersion | undefined }
  | { kind: 'stopped' }
  | { kind: 'failed'; isFinal: boolean; hresult: HResult; message: string };

/** Settles when the candidate qualified, or is gone. From then on `hear` gets what it says. */
export function qualify(parts: QualifyParts): Promise<Qualification> {
  const { candidate, program, heard, qualifyMs, stopping } = parts;
  return new Promise((resolve) => {
    let verdict: Qualification | undefined;
    const stop = () => void program.stop(parts.stopGraceMs);
    const settle = (result: Qualification) => {
      if (verdict) return;
      verdict = result;
      clearTimeout(timer);
      stopping.removeEventListener('abort', stop);
      heard.listen((message) => parts.hear(program, message));
      // A failed candidate must be gone before the old version is started again.
      if (result.kind === 'failed') void program.stop(0).then(() => resolve(result));
      else resolve(result);
    };
    const timer = setTimeout(() => {
      const message = `Version ${candidate.version} did not qualify within ${qualifyMs / 1000} s.`;
      settle({ kind: 'failed', isFinal: true, hresult: hresult.setupNotRegistered, message });
    }, qualifyMs);
    heard.listen((message) => {
      const judged = judge(message, candidate, heard.qualifies);
      if (judged) settle(judged);
      else parts.hear(program, message);
    });
    void program.gone.then((how) => {
      if (stopping.aborted) return settle({ kind: 'stopped' });
      const message = `Version ${candidate.version} ended before it qualified: ${how}.`;
      settle({ kind: 'failed', isFinal: false, hresult: hresult.setupHandlerFailed, message });
    });
    stopping.addEventListener('abort', stop, { once: true });
    if (stopping.aborted) stop();
    else program.tell({ kind: 'begin', now: true, once: false, trial: true });
  });
}

/** The meaning of a candidate's word for its trial. Undefined when nothing. */
function judge(message: FromProgram, candidate: AgentVersion, knowsTrials: boolean): Qualification | undefined {
  if (message.kind === 'qualified' && message.version === candidate.version) {
    return { kind: 'qualified', outcome: undefined, next: undefined };
  }
  // It fetched, verified and unpacked its own successor: whatever else is wrong with it, it can be replaced.
  if (message.kind === 'handover') {
    const { version, generation } = message;
    return { kind: 'qualified', outcome: undefined, next: { version, generation } };
  }
  if (message.kind !== 'finished') return undefined;
  const { outcome } = message;
  if (outcome.ok) return knowsTrials ? undefined : { kind: 'qualified', outcome, next: undefined };
  const why = `${formatHResult(outcome.hresult)}: ${outcome.message}`;
  const text = `Version ${candidate.version} could not finish a detection (${why})`;
  return { kind: 'failed', isFinal: true, hresult: outcome.hresult as HResult, message: text };
}
