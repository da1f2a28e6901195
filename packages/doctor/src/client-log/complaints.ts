// What a complaint in a client's log is worth: whether it says how an operation ended, whether it is one that healthy
// machines write every day, and whether it is about Microsoft's own services rather than a server of yours. Pure.
import { isMicrosoftHost } from '../http-log/record.ts';
import { factsOf } from '../words/codes.ts';
import type { Trouble } from './remembered.ts';

const complains =
  /WARN|FATAL|ERROR|fail|fault|fehl|échec|erreur|失敗|エラー|错误|错誤|nws|\bhr\b|unable|cannot|could not|exit code|self-update check returned/i;

/** Rules without a meaning here, sessions without a user, first starts, networks and devices that say little of themselves. */
const everyday =
  /CSerializationHelper|Failed to evaluate Install(?:ed|able) rule|GetUserTokenFromSessionId|LoadLibrary failed for srclient\.dll|event uploader for new server .*8024043d|Wu Exemption info from NLM|Network Cost is assumed|NetworkCostChange|wcmapi\.dll|GetDevice\w*(?:Property|Registry\w*) failed|suitable session to launch/i;

/** True where a line tells of something that went wrong, and not of what goes wrong on every machine. */
export function isComplaint(text: string): boolean {
  return complains.test(text) && !/REPORT EVENT:/.test(text) && !everyday.test(text);
}

const outcome =
  /^[\W_]*(?:FATAL|ERROR)\b|exit code|result code|callback failed|Skipping scan|failed Searching for|Failed to (?:find|synchronize|download|install)|Download failed|occurred while downloading|self-?update (?:has )?failed|(?:IsUpdateRequired|InstallUpdatedBinaries|job) failed|failed to detect|(?:Search|Scan) failed|resultMapped/i;

/** True where a line says how an operation ended; other warnings may have done no harm. */
export function isOutcome(text: string): boolean {
  return outcome.test(text);
}

/** The service id of every server of yours; each of Microsoft's own services (Windows Update, Store …) has another one. */
export const managedService = '3da21691-e39d-4da6-8a4b-b43877bcb1b7';

const namesService =
  /(?:service(?:id)?\b[^{]{0,20}|redir\w*\s+|obtain\s+|^\W*Got\s+)\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/i;

/** The id of the service a line is about. */
export function serviceIn(text: string): string | undefined {
  return namesService.exec(text)?.[1]?.toLowerCase();
}

/** True where a text is about Microsoft's service locator or one of its services, false about a server of yours. */
export function aboutMicrosoft(text: string): boolean | undefined {
  if (/\bC?SLS/.test(text)) return true;
  const service = serviceIn(text);
  return service === undefined ? undefined : service !== managedService;
}

/** True for the address of one of Microsoft's servers. */
export function isMicrosoftUrl(url: string): boolean {
  const host = /^https?:\/\/([^/]+)/i.exec(url)?.[1];
  return host !== undefined && isMicrosoftHost(host);
}

/** The machine's own troubles, which warnings name in passing; from DOCTOR_ACCESS_DENIED on. */
const machineOrder = 440;

/**
 * The troubles that stand: not those that Microsoft's services gave a client of yours, nor what a warning named in
 * passing, where the log shows how the client's own work ended.
 */
export function standing(troubles: readonly Trouble[], isHealed: (trouble: Trouble) => boolean, scanned: boolean) {
  const own = troubles.filter((trouble) => !trouble.foreign);
  const decided = scanned || own.some((trouble) => trouble.decisive && !isHealed(trouble));
  return troubles.filter((trouble) => {
    if (trouble.foreign) return !scanned && own.every((each) => isHealed(each));
    const passing = !trouble.decisive && trouble.phase !== 'download' && trouble.phase !== 'install';
    return !(passing && decided && factsOf(trouble.code).order >= machineOrder);
  });
}
