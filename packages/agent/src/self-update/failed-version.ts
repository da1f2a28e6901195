// A version that lost its trial is not tried again and again.

import { hresult } from '@moult/protocol/hresult';
import { AgentError } from '../errors.ts';
import { readCurrent } from '../host/current.ts';
import type { SelfUpdateSession } from './session.ts';

/**
 * The first tries may follow one another: what failed may have been the machine, or the server. Then it is one a day.
 */
const earlyTries = 3;
const dayMs = 24 * 3_600_000;

/**
 * WU_E_SELFUPDATE_SKIP_ON_FAILURE: a version that failed its trials is tried again once a day. Throws
 * AGENT_SELFUPDATE_FAILED_BEFORE.
 */
export function refuseFailedVersion({ root, retryFailed, now }: SelfUpdateSession, version: string | undefined): void {
  if (retryFailed || version === undefined) return;
  const failure = readCurrent(root)?.failed.find((failed) => failed.version === version);
  if (!failure) return;
  const tries = failure.tries ?? 1;
  // By the distance alone: a clock that was wrong then, or is now, must not rule a version out for ever.
  const isDue = Math.abs(now().getTime() - Date.parse(failure.at)) >= dayMs;
  if (tries < earlyTries || isDue) return;
  throw new AgentError(
    'AGENT_SELFUPDATE_FAILED_BEFORE',
    `Version ${version} failed its trial ${tries} times, last at ${failure.at}. It is tried again after a day. ` +
      'A newer version is tried at once; "moult agent run --now" tries this one again now.',
    { hresult: hresult.setupFailedBefore },
  );
}
