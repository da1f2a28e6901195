// Times and sizes that an administrator may change, under HKLM\SOFTWARE\Moult\Agent. All are REG_DWORD, times in seconds
// and sizes in mebibytes. The others are mirrors (REG_SZ) and permissions of the administrator of a machine (0 or 1).
import { hostBounds, programBounds } from '../bounds.ts';
import type { RequestLimits } from '../transport/request.ts';
import type { ContentLimits } from '../wsus/install/download.ts';
import { keys } from './keys.ts';
import { dword, serverUrl, string } from './policy.ts';
import type { RegistryView } from './registry.ts';

export interface Settings {
  /** How long a new version may take to report healthy. */
  trialMs: number;
  /** How long it may take after that to check for a self-update and to finish a detection. */
  qualifyMs: number;
  /** After so long without a good detection the host looks for a release by itself. */
  recoverAfterMs: number;
  /** How long a new host may take until the agent has finished a detection under it. */
  hostTrialMs: number;
  /** For the small files of the self-update tree and for web service calls. */
  requestLimits: RequestLimits;
  contentLimits: ContentLimits;
  /** TrustMirrors: servers with the same signed metadata and releases, as `URL;URL`. */
  trustMirrors: string[];
  /** AllowUncovered: updates of a server without trust metadata may be installed. */
  allowUncovered: boolean;
}

const mebibyte = 1024 * 1024;

export function readSettings(registry: RegistryView): Settings {
  const seconds = (name: string, otherwise: number) => (dword(registry, keys.agent, name) ?? otherwise) * 1000;
  const megabytes = (name: string, otherwise: number) => (dword(registry, keys.agent, name) ?? otherwise) * mebibyte;
  const patience = (name: string, otherwise: number) =>
    Math.min(Math.max(1000, seconds(name, otherwise)), hostBounds.maxTrialMs);
  const silenceMs = seconds('ReceiveTimeoutSeconds', 30);
  return {
    trialMs: patience('TrialTimeoutSeconds', 60),
    qualifyMs: patience('QualifyTimeoutSeconds', 3600),
    recoverAfterMs: patience('RecoverAfterSeconds', 3 * 86_400),
    hostTrialMs: patience('HostTrialTimeoutSeconds', 3600),
    requestLimits: {
      silenceMs,
      totalMs: seconds('TransferTimeoutSeconds', 600),
      maxBytes: programBounds.maxAnswerBytes,
    },
    trustMirrors: readMirrors(string(registry, keys.agent, 'TrustMirrors')),
    allowUncovered: dword(registry, keys.agent, 'AllowUncovered') === 1,
    contentLimits: {
      maxFileBytes: megabytes('MaxContentMegabytes', 1024),
      reserveBytes: megabytes('SelfUpdateReserveMegabytes', 64),
      maxPartialBytes: megabytes('MaxPartialMegabytes', 1024),
    },
  };
}

function readMirrors(written: string | undefined): string[] {
  const mirrors = (written ?? '').split(';').flatMap((one) => {
    try {
      return one.trim() === '' ? [] : [serverUrl(one)];
    } catch {
      return [];
    }
  });
  return mirrors.slice(0, programBounds.maxMirrors);
}
