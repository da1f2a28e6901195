// Errors of the disk that stop the agent from writing, in words that an administrator can act on.

import { type HResult, hresult } from '@moult/protocol/hresult';
import { AgentError } from '../errors.ts';

const full = new Set(['ENOSPC', 'EDQUOT']);
const refused = new Set(['EACCES', 'EPERM', 'EROFS']);

/** The Windows code for a failed write. */
export function diskResult(error: unknown): HResult {
  const code = codeOf(error);
  if (full.has(code)) return hresult.diskFull;
  return refused.has(code) ? hresult.accessDenied : hresult.setupUnexpected;
}

/** A full or refusing disk as AgentError AGENT_HOST_DISK. Every other error unchanged. */
export function asDiskError(error: unknown, folder: string): unknown {
  const code = codeOf(error);
  if (!full.has(code) && !refused.has(code)) return error;
  const why = full.has(code)
    ? 'the disk is full'
    : code === 'EROFS'
      ? 'it is mounted read-only'
      : 'access is refused; run this as an administrator (root), or name another place with --root DIR';
  const text = `Nothing can be written to ${folder} (${code}): ${why}.`;
  return new AgentError('AGENT_HOST_DISK', text, { hresult: diskResult(error), cause: error });
}

/** Runs `write`, whose disk errors are told with `folder`. */
export function onDisk<T>(folder: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw asDiskError(error, folder);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
