// Updates that an administrator approved for removal and that are installed here. No handler of this agent removes an
// update: a removal runs a program, and the operator signs programs for installation only. The agent reports each such
// update as failed, with the reason, so that an administrator does not wait for it.

import { hresult } from '@moult/protocol/hresult';
import { AgentError } from '../errors.ts';
import { outcomeOf } from '../program/outcome.ts';
import type { Detection } from './detect-updates.ts';
import { noteFailure } from './ready/install-ready.ts';
import { uninstallFailed } from './report/events.ts';
import type { ApplicableUpdate } from './sync/applicable.ts';

/** Puts each removal into the log and on its way to the server, as failed. Answers how many there are. */
export function refuseRemovals(detection: Detection, updates: readonly ApplicableUpdate[]): number {
  for (const update of updates) {
    const cause = refusalOf(update);
    noteFailure(detection, update.title, cause, 'Handler', 'Removal');
    const { updateId, revisionNumber } = update.revision.core.identity;
    const about = { updateId, revision: revisionNumber, title: update.title };
    detection.events.add(uninstallFailed(about, outcomeOf(cause).hresult, cause.message));
  }
  return updates.length;
}

function refusalOf({ revision, title, parts }: ApplicableUpdate): AgentError {
  const kinds = [...new Set(parts.map(({ handler }) => handler?.kind ?? 'no handler'))].join(', ');
  const text =
    `"${title}" (${revision.core.identity.updateId}, ${kinds}) stays installed. This agent does not remove updates. ` +
    'Remove it on the computer, with its own uninstaller.';
  return new AgentError('AGENT_INSTALL_UNSUPPORTED', text, { hresult: hresult.unknownHandler });
}
