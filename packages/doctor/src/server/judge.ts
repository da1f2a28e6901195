// One probe → what is wrong with it, if anything. Pure.

import { kindOfPath } from '../http-log/record.ts';
import { causeOfAnswer, meaningOfAnswer } from '../http-log/status-cause.ts';
import type { Probe, ProbeAnswer, ProbeFailure } from '../net/probe.ts';
import { decodeText } from '../text/encoding.ts';
import type { FindingCode } from '../words/codes.ts';
import { looksLikeHtml } from './cabinet-facts.ts';
import type { FileFacts } from './collect.ts';

export interface Judgement {
  code: FindingCode;
  values: Record<string, string>;
}

/** The fault of a file of the tree. Undefined when it came as a client wants it. */
export function judgeFile(file: FileFacts): Judgement | undefined {
  const { outcome } = file.get;
  if (outcome.kind === 'failure') return judgeFailure(outcome, file.get.request.url);
  const refused = judgeStatus(file.get, outcome);
  if (refused) return refused;
  if (outcome.status !== 200) return { code: 'DOCTOR_HTTP_STATUS', values: { status: String(outcome.status) } };
  return judgeBody(file, outcome);
}

/** The meaning of a failed connection to `url`. */
export function judgeFailure(failure: ProbeFailure, url?: string): Judgement {
  const found = `${failure.code} ${failure.message}`.trim();
  if (failure.failure === 'tls' && isPlainAnswer(failure.message)) return wrongScheme(url, found);
  if (failure.failure === 'tls' && failure.code.endsWith('ALERT_CERTIFICATE_REQUIRED'))
    return { code: 'DOCTOR_CLIENT_CERTIFICATE', values: { found, status: found } };
  const codes: Record<ProbeFailure['failure'], FindingCode> = {
    name: 'DOCTOR_NAME_NOT_RESOLVED',
    network: 'DOCTOR_NETWORK_DOWN',
    refused: 'DOCTOR_CONNECTION_REFUSED',
    timeout: 'DOCTOR_NO_ANSWER',
    cut: 'DOCTOR_CONNECTION_CUT',
    'not-http': 'DOCTOR_NOT_HTTP',
    tls: 'DOCTOR_TLS_HANDSHAKE',
  };
  return { code: codes[failure.failure], values: { found, meaning: failure.message } };
}

/** The words of OpenSSL if the answer to its greeting is text. */
export function isPlainAnswer(message: string): boolean {
  return /wrong version number|packet length too long|http request|unknown protocol/i.test(message);
}

function wrongScheme(url: string | undefined, found: string): Judgement {
  return { code: 'DOCTOR_WUSERVER_PORT', values: { ...(url ? { url: new URL(url).origin } : {}), found } };
}

const tlsPortPage =
  /plain HTTP request was sent to HTTPS port|speaking plain HTTP to an SSL-enabled|sent an HTTP request to an HTTPS server/i;

/** The meaning of an answer other than 200. */
export function judgeStatus(asked: Probe, answer: ProbeAnswer): Judgement | undefined {
  const { status } = answer;
  const good = status >= 200 && status < 300;
  if (isSharePoint(answer) && (!good || looksLikeHtml(answer.body))) return { code: 'DOCTOR_SHAREPOINT', values: {} };
  if (good || status === 304) return undefined;
  if (status >= 300 && status < 400) return judgeRedirect(asked, answer);
  // nginx, Apache and Go say so. IIS cuts the connection.
  if (status === 400 && tlsPortPage.test(decodeText(answer.body.subarray(0, 4096))))
    return wrongScheme(asked.request.url, String(status));
  const { substatus, win32 } = errorPageOf(answer);
  const path = new URL(asked.request.url).pathname;
  const code = causeOfAnswer({
    kind: kindOfPath(path),
    status,
    substatus,
    win32,
    query: new URL(asked.request.url).search,
  });
  const shown = substatus === undefined ? String(status) : `${status}.${substatus}`;
  if (!code) return undefined;
  const meaning = meaningOfAnswer({ status, substatus, win32 });
  const more = {
    ...(meaning ? { meaning: meaning.meaning } : {}),
    ...(meaning?.step === undefined ? {} : { step: meaning.step }),
  };
  return { code, values: { status: shown, method: asked.request.method, ...more } };
}

function judgeRedirect(asked: Probe, answer: ProbeAnswer): Judgement {
  const location = answer.headers.location ?? '';
  const from = new URL(asked.request.url);
  const found = location.slice(0, 200) || 'nowhere';
  try {
    const to = new URL(location, from);
    // A logon page elsewhere is a portal. The same host on https or another path is a rewrite rule.
    if (to.hostname !== from.hostname && !/^www\./i.test(to.hostname))
      return { code: 'DOCTOR_CAPTIVE_PORTAL', values: { found } };
  } catch {
    // An address that cannot be read redirects all the same.
  }
  return { code: 'DOCTOR_REDIRECTED', values: { found, status: String(answer.status) } };
}

function judgeBody(file: FileFacts, answer: ProbeAnswer): Judgement | undefined {
  const { cabinet } = file;
  if (!cabinet) return undefined;
  switch (cabinet.kind) {
    case 'html':
      return isPortalPage(answer, file.get.request.url)
        ? { code: 'DOCTOR_CAPTIVE_PORTAL', values: { found: cabinet.title } }
        : { code: 'DOCTOR_HTML_FOR_CABINET', values: { found: cabinet.title } };
    case 'empty':
      return { code: 'DOCTOR_CABINET_TRUNCATED', values: { found: '0 bytes' } };
    case 'truncated':
      // Bytes that were announced and never came: the connection was cut. All announced bytes came: the file is short.
      if (answer.stalled) return { code: 'DOCTOR_SLOW', values: { found: `silent after ${answer.body.length} bytes` } };
      if (answer.complete) return { code: 'DOCTOR_CABINET_TRUNCATED', values: { found: cabinet.found } };
      return { code: 'DOCTOR_CONNECTION_CUT', values: { found: cabinet.found } };
    case 'damaged':
      return { code: 'DOCTOR_CABINET_DAMAGED', values: { why: cabinet.why } };
    case 'unsigned':
      return { code: 'DOCTOR_CABINET_UNSIGNED', values: {} };
    case 'altered':
      return {
        code: 'DOCTOR_CABINET_ALTERED',
        values: { found: `${file.sha256?.slice(0, 16) ?? ''}… (SHA-256)`, why: cabinet.found },
      };
    case 'wrong-signer':
      return { code: 'DOCTOR_CABINET_WRONG_SIGNER', values: { signer: cabinet.signer } };
    case 'ident-malformed':
      return { code: 'DOCTOR_IDENT_MALFORMED', values: { why: cabinet.why } };
    default:
      return undefined;
  }
}

/** Headers and pages of SharePoint's ISAPI filter. */
function isSharePoint(answer: ProbeAnswer): boolean {
  const { headers } = answer;
  if (headers.microsoftsharepointteamservices !== undefined || headers['x-sharepointhealthscore'] !== undefined)
    return true;
  if (headers.sprequestguid !== undefined) return true;
  if (!looksLikeHtml(answer.body)) return false;
  return /sharepoint|_vti_bin|\/_layouts\//i.test(decodeText(answer.body.subarray(0, 32_768)));
}

/** A page that wants a person: a password, the words of a hotspot's form, or a jump to another machine. */
function isPortalPage(answer: ProbeAnswer, asked: string): boolean {
  const text = decodeText(answer.body.subarray(0, 32_768));
  if (/type\s*=\s*["']?password/i.test(text)) return true;
  const moves = /http-equiv\s*=\s*["']?refresh|location\.(?:href|replace|assign)|location\s*=/i.test(text);
  const speaksOfNetwork =
    /captive|hotspot|wi-?fi|walled garden|guest (?:access|network|wlan|portal)|accept (?:the )?terms/i.test(text);
  if (speaksOfNetwork && (moves || /<form|<input/i.test(text))) return true;
  return moves && (/log\s?[io]n|sign\s?in|anmelden|connexion|portal/i.test(text) || movesElsewhere(text, asked));
}

function movesElsewhere(text: string, asked: string): boolean {
  const targets = text.matchAll(
    /(?:url\s*=|location(?:\.href)?\s*=|location\.(?:replace|assign)\()\s*["']?\s*(https?:\/\/[^"'\s>)]+)/gi,
  );
  const own = new URL(asked).hostname;
  return [...targets].some(([, target = '']) => URL.canParse(target) && new URL(target).hostname !== own);
}

/** IIS names the substatus in its detailed error pages ("HTTP Error 404.3 - Not Found", "0x80070005"). */
function errorPageOf(answer: ProbeAnswer): { substatus: number | undefined; win32: number | undefined } {
  const text = decodeText(answer.body.subarray(0, 16_384));
  const named = new RegExp(`\\b${answer.status}\\.(\\d{1,2})\\b`).exec(text)?.[1] ?? worded(answer.status, text);
  const win32 = /0x8007([0-9a-f]{4})\b/i.exec(text)?.[1];
  return {
    substatus: named === undefined ? undefined : Number(named),
    win32: win32 === undefined ? undefined : Number.parseInt(win32, 16),
  };
}

/** IIS 5 and 6 say it in words in their short pages. */
function worded(status: number, text: string): string | undefined {
  if (status === 403 && /requires? (?:a )?(?:secure channel|SSL)|must be viewed over a secure channel/i.test(text))
    return '4';
  if (status === 403 && /IP address (?:is )?reject|not authorized to view.*IP/i.test(text)) return '6';
  if (status === 403 && /requires a client certificate/i.test(text)) return '7';
  if (status === 401 && /denied due to an ACL|access control list/i.test(text)) return '3';
  if (status === 404 && /MIME/i.test(text)) return '3';
  return undefined;
}
