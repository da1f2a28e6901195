// Tells the host that a detection failed.
import { AgentError } from '../errors.ts';
import type { Outcome } from '../host/messages.ts';
import { hresult } from '../transport/hresult.ts';

/** An error as the outcome of a detection. What is no AgentError is a defect of ours, and says so. */
export function outcomeOf(error: unknown): Outcome {
  if (error instanceof AgentError) {
    return { ok: false, hresult: error.hresult, code: error.code, message: error.message };
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { ok: false, hresult: hresult.setupUnexpected, message: `Unexpected failure: ${text}` };
}
