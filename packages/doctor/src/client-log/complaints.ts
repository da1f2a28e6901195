// The worth of a complaint in a client's log: whether it says how an operation ended, whether its log calls it an
// error, whether healthy machines write it. Pure.
import { ownerOfService } from '../rules/services.ts';

const complains =
  /WARN|FATAL|ERROR|fail|fault|fehl|échec|erreur|失敗|エラー|错误|错誤|nws|\bhr\b|unable|cannot|could not|exit code|exception|hresult|self-update check returned/i;

/**
 * Rules without a meaning here, sessions without a user, first starts, networks and devices that say little of
 * themselves.
 */
const everyday =
  /CSerializationHelper|Failed to evaluate Install(?:ed|able) rule|GetUserTokenFromSessionId|LoadLibrary failed for srclient\.dll|event uploader for new server .*8024043d|Wu Exemption info from NLM|Network Cost is assumed|NetworkCostChange|wcmapi\.dll|GetDevice\w*(?:Property|Registry\w*) failed|suitable session to launch|WU_E_NO_USERTOKEN|No user tickets found|SUS Client ID.*(?:not|could not).*validat|hr ?= ?0x0\b|\b0 failed\b(?!.*[1-9]\d* failed)/i;

/** True where a line tells of something that went wrong, and not of what goes wrong on every machine. */
export function isComplaint(text: string): boolean {
  return complains.test(text) && !/REPORT EVENT:/.test(text) && !everyday.test(text);
}

const outcome =
  /^[\W_]*(?:FATAL|ERROR)\b|exit code|result code|callback failed|Skipping scan|failed Searching for|Failed to (?:find|synchronize|download|install)|Download failed|occurred while (?:downloading|installing)|self-?update (?:has )?failed|(?:IsUpdateRequired|InstallUpdatedBinaries|job) failed|failed to detect|(?:Search|Scan) failed|\b(?:un)?install(?:ing|ation)?\b.{0,200}\bfail|\bdownload(?:ing)?\b(?!.{0,80}cab).{0,200}\bfailed|resultMapped/i;

/** True where a line says how an operation ended. Other warnings may have done no harm. */
export function isOutcome(text: string): boolean {
  return outcome.test(text);
}

const error = /^[\W_]*(?:FATAL|ERROR)\b|\*FAILED\*|WARNING.{0,300}(?:fail|unable|cannot|could not)|^error:/i;

/** True where its own log calls it an error: FATAL, ERROR, "WARNING … failed". */
export function isError(text: string): boolean {
  return error.test(text);
}

const namesService =
  /(?:service(?:id)?\b[^{]{0,20}|redir\w*\s+|obtain\s+|^\W*Got\s+)\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/i;

/** True where a text is about Microsoft's service locator or one of its services, false about a server of yours. */
export function aboutMicrosoft(text: string): boolean | undefined {
  if (/\bC?SLS|\bredirector\b/i.test(text)) return true;
  const whose = ownerOfService(namesService.exec(text)?.[1]);
  return whose === undefined ? undefined : whose === 'microsoft';
}
