// The meaning of a code that a person has: a finding, an HRESULT (hexadecimal, decimal or by name), an HTTP status, an
// event id, an ErrorCode of a fault. A number that is several of them is told as each.
import { RequestError } from '../errors.ts';
import { causeOf } from '../hresult/cause.ts';
import { errorTable, formatHresult, httpStatusOf, meaningOf } from '../hresult/error-table.ts';
import { knownStatuses, meaningOfStatus } from '../http-log/iis-statuses.ts';
import { causeOfAnswer } from '../http-log/status-cause.ts';
import { errorCodeMeanings } from '../rules/soap-faults.ts';
import { causesByStage, causesOfErrorCode, type StageCause } from './causes-of.ts';
import { type FindingCode, findingCodes, isFindingCode } from './codes.ts';
import { describePage } from './page.ts';
import { serverEvents } from './server-events.ts';

/** The text for `moult doctor --explain`. Throws RequestError for any other text. */
export function explainCode(given: string): string {
  const text = given.trim();
  const answers = [...findings(text), ...statuses(text), ...events(text), ...soapFaults(text), ...hresults(text)];
  if (answers.length > 0) return answers.join('\n\n---\n\n');
  throw new RequestError(
    `"${given}" is not a finding (DOCTOR_…), an HRESULT (0x80244019, 8024401c, -2145107943, WU_E_…), an HTTP status (404, 500.24), an event id of WSUS (13042) or an ErrorCode of a SOAP fault (InvalidCookie)`,
  );
}

function findings(text: string): string[] {
  const wanted = text.toUpperCase().replaceAll('-', '_');
  const code = isFindingCode(wanted) ? wanted : `DOCTOR_${wanted}`;
  return isFindingCode(code) ? [describePage(code)] : [];
}

/** `404`, `HTTP 500.24`, `401.2.5` (status, sub-status, Win32 code). */
function statuses(text: string): string[] {
  const [, whole, part] = /^(?:http\s*)?([1-5]\d\d)(?:[. ](\d{1,3}))?(?:[. ]\d+)?$/i.exec(text) ?? [];
  if (whole === undefined) return [];
  const status = Number(whole);
  const substatus = part === undefined ? undefined : Number(part);
  const exact = knownStatuses().find((row) => row.status === `${status}.${substatus ?? 0}`);
  const meaning = exact ?? (substatus === undefined ? undefined : meaningOfStatus(status, undefined));
  if (!meaning && (status < 400 || substatus !== undefined))
    return status < 400 && substatus === undefined ? [`HTTP status ${status}: no error.`] : [];
  const shown =
    exact && substatus !== undefined
      ? exact.status
      : exact
        ? String(status)
        : `${text}, which is in no published list; ${status} in general`;
  const others =
    substatus === undefined
      ? knownStatuses().filter((row) => row.status.startsWith(`${status}.`) && row.status !== `${status}.0`)
      : [];
  const list = others.map((row) => `  ${row.status}: ${row.meaning}`);
  const asked = (kind: 'wuident' | 'client-web-service') =>
    causeOfAnswer({ kind, status, substatus, win32: undefined });
  const [file, service] = [asked('wuident'), asked('client-web-service')];
  const causes =
    file === service || service === undefined
      ? [`It is ${file ?? 'no trouble'}.`]
      : [`For a self-update file it is ${file ?? 'no trouble'}, for the Client Web Service ${service}.`];
  return [
    [
      `HTTP status ${shown}: ${meaning?.meaning ?? 'an error'}.`,
      ...(meaning?.step === undefined ? [] : [`First step: ${meaning.step}`]),
      ...causes,
      ...(list.length > 0 ? ['Sub-statuses of IIS (sc-substatus in its log):', ...list] : []),
      ...pagesOf([file, service]),
    ].join('\n\n'),
  ];
}

function events(text: string): string[] {
  const digits = /^(?:event(?:\s*id)?\s*[:=]?\s*)?(\d{3,5})$/i.exec(text)?.[1];
  const meaning = digits === undefined ? undefined : serverEvents[Number(digits)];
  if (digits === undefined || meaning === undefined) return [];
  const id = Number(digits);
  const codes = (Object.keys(findingCodes) as FindingCode[]).filter(
    (code) =>
      (findingCodes[code].eventIds as readonly number[]).includes(id) ||
      (findingCodes[code].eventIds as readonly number[]).includes(id + (id % 10 === 1 ? 1 : 0)),
  );
  const own = codes.filter((code) => findingCodes[code].eventIds.length <= 3);
  const one =
    own.length === 1
      ? own
      : [506, 13042, 13041].includes(id)
        ? (['DOCTOR_SELF_UPDATE_DOWN'] as FindingCode[])
        : own.slice(0, 1);
  return [
    [
      `Event ${id} of WSUS (Application log, source "Windows Server Update Services"): ${meaning}`,
      ...pagesOf(one),
    ].join('\n\n'),
  ];
}

function soapFaults(text: string): string[] {
  const name = Object.keys(errorCodeMeanings).find((code) => code.toLowerCase() === text.toLowerCase());
  if (name === undefined) return [];
  const causes = causesOfErrorCode(name);
  const lines = causes.map(({ parameter, finding }) =>
    parameter === undefined ? `It is ${finding}.` : `With the parameter ${parameter} it is ${finding}.`,
  );
  const pages = pagesOf(causes.map(({ finding }) => finding));
  return [[`ErrorCode ${name} of a SOAP fault: ${errorCodeMeanings[name]}`, ...lines, ...pages].join('\n\n')];
}

function hresults(text: string): string[] {
  const value = hresultOf(text);
  if (value === undefined) return [];
  const meaning = meaningOf(value);
  const cause = causeOf(value);
  const status = httpStatusOf(value);
  const signed = value | 0;
  const stages = causesByStage(value);
  const head = `${formatHresult(value)} (${signed === value ? value : `${value}, or ${signed}`})`;
  const words = meaning ? `${head} ${meaning.name}: ${meaning.meaning}.` : `${head}: ${facilityOf(value)}`;
  return [
    [
      words,
      ...(status === undefined ? [] : [`It is the HTTP status ${status}, as WinHTTP and BITS write it.`]),
      ...(stages.length > 0 ? dependingOn(stages) : causeAnywhere(cause)),
    ].join('\n\n'),
  ];
}

/** The same cause, whatever was done. */
function causeAnywhere(cause: FindingCode | 'harmless'): string[] {
  if (cause === 'harmless') return ['It is success, or passes by itself.'];
  return [`Where the line tells no more, it is ${cause}.`, ...pagesOf([cause])];
}

function dependingOn(stages: readonly StageCause[]): string[] {
  const lines = stages.map(({ cause, stages: words }) => `  ${words.join(', ')}: ${cause}`);
  const causes = stages.flatMap(({ cause }) => (isFindingCode(cause) ? [cause] : []));
  return ['Its cause depends on what was done when it failed:', lines.join('\n'), ...pagesOf(causes)];
}

function hresultOf(text: string): number | undefined {
  const hex = /^(?:0x)?([0-9a-f]{8})$/i.exec(text)?.[1];
  if (hex !== undefined && (/^0x/i.test(text) || /^[89a-f]/i.test(hex) || /^0024/.test(hex)))
    return Number.parseInt(hex, 16);
  if (/^0x[0-9a-f]{1,7}$/i.test(text)) return Number.parseInt(text, 16);
  if (/^-\d{9,10}$/.test(text)) return Number(text) >>> 0;
  if (/^\d{10}$/.test(text)) return Number(text) >= 0x80000000 && Number(text) <= 0xffffffff ? Number(text) : undefined;
  const named = [...errorTable()].find(([, { name }]) => name.toLowerCase() === text.toLowerCase());
  return named?.[0];
}

/** The meaning of the number itself, if it is in no table. */
function facilityOf(value: number): string {
  const facility = (value >>> 16) & 0x1fff;
  const number = value & 0xffff;
  const who: Record<number, string> = {
    7: `error ${number} of Windows (\`net helpmsg ${number}\` says what it is)`,
    36: 'an error of the update agent that is in no table here',
    25: 'an HTTP status, as WinHTTP writes it',
    32: 'an error of the transfer service BITS',
    11: 'an error of trust or certificates',
    9: 'an error of security or cryptography',
    15: 'an error of set-up or component servicing',
  };
  return `it is not in the table. By its number it is ${who[facility] ?? 'an error of a component that is not known here'}.`;
}

function pagesOf(codes: readonly (FindingCode | undefined)[]): string[] {
  const known = codes.filter((code) => code !== undefined);
  return [...new Set(known)].map((code) => describePage(code));
}
