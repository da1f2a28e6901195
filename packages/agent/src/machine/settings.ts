// Times and sizes that an administrator may want to change, under HKLM\SOFTWARE\Moult\Agent. All REG_DWORD: times in
// seconds, sizes in mebibytes; and what the administrator of a machine allows (0 or 1).
import type { RequestLimits } from '../transport/request.ts';
import type { ContentLimits } from '../wsus/install/download.ts';
import { keys } from './keys.ts';
import { dword } from './policy.ts';
import type { RegistryView } from './registry.ts';

export interface Settings {
  /** How long a new version may take to report healthy. */
  trialMs: number;
  /** How long it may take after that to check for a self-update and to finish a detection. */
  qualifyMs: number;
  /** For the small files of the self-update tree and for web service calls. */
  requestLimits: RequestLimits;
  contentLimits: ContentLimits;
  /** AllowUncovered: updates of a server without trust metadata may be installed. */
  allowUncovered: boolean;
}

const mebibyte = 1024 * 1024;
const maxAnswerBytes = 128 * mebibyte;

export function readSettings(registry: RegistryView): Settings {
  const seconds = (name: string, otherwise: number) => (dword(registry, keys.agent, name) ?? otherwise) * 1000;
  const megabytes = (name: string, otherwise: number) => (dword(registry, keys.agent, name) ?? otherwise) * mebibyte;
  const silenceMs = seconds('ReceiveTimeoutSeconds', 30);
  return {
    trialMs: seconds('TrialTimeoutSeconds', 60),
    qualifyMs: seconds('QualifyTimeoutSeconds', 3600),
    requestLimits: { silenceMs, totalMs: seconds('TransferTimeoutSeconds', 600), maxBytes: maxAnswerBytes },
    allowUncovered: dword(registry, keys.agent, 'AllowUncovered') === 1,
    contentLimits: {
      maxFileBytes: megabytes('MaxContentMegabytes', 1024),
      reserveBytes: megabytes('SelfUpdateReserveMegabytes', 64),
    },
  };
}
