// Tells the host that a detection failed.

import { hresult } from '@moult/protocol/hresult';
import { AgentError } from '../errors.ts';
import type { Outcome } from '../host/messages.ts';

/**
 * An error as the outcome of a detection. One with a code, of the system or of a package of ours, says enough by its message.
 * Anything else is a defect of ours, and says so.
 */
export function outcomeOf(error: unknown): Outcome {
  if (error instanceof AgentError) {
    return { ok: false, hresult: error.hresult, code: error.code, message: error.message };
  }
  if (error instanceof Error && 'code' in error && typeof error.code === 'string' && !error.code.startsWith('ERR_')) {
    const [line = ''] = error.message.split('\n');
    return { ok: false, hresult: hresult.setupUnexpected, code: error.code, message: `${error.code}: ${line}` };
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { ok: false, hresult: hresult.setupUnexpected, message: `Unexpected failure: ${text}` };
}
