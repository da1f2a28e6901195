// SOAP faults as the server's log has them: "ThrowException: actor = http://…/client.asmx, ID=…, ErrorCode=…,
// Message=…", or the <detail> of the fault. They name the service, the method, the ErrorCode and the parameter that was
// refused.
import type { LogEvent, Stage } from '../../story/event.ts';
import { eventOf, type Line } from '../line-rule.ts';
import { failureIn } from '../words/failure.ts';
import { databaseCauses } from './causes.ts';

/** The normal renewals between the two sides. Clients get a new cookie and go on. */
const handshake =
  /^(?:ConfigChanged|CookieExpired|RegistrationRequired|RegistrationNotRequired|ServerChanged|FileLocationChanged)$/i;
/** A cookie that is refused once is renewed. Whether the clients recovered is not in this log. */
const open = /^Invalid(?:Authorization)?Cookie$/i;

/** The event of a line about a SOAP fault. Undefined where it is about none. */
export function soapEvent(line: Line): LogEvent | undefined {
  const errorCode = fieldOf(line.text, 'ErrorCode');
  if (errorCode === undefined) return undefined;
  const actor = fieldOf(line.text, 'actor');
  const method = fieldOf(line.text, 'Method');
  const parameter = /\bparameters\.(\w+)/i.exec(line.text)?.[1];
  const stage = stageOf(`${actor ?? ''} ${line.from}`);
  const failure = failureIn(line.text);
  const finding = handshake.test(errorCode) ? 'harmless' : failure && databaseCauses[failure.kind];
  // The codes of clients have rules of their own. Between servers the same words mean something else.
  const fault = stage === 'server-sync' || open.test(errorCode) ? { fault: errorCode } : { errorCode };
  const named = { ...fault, actor, method: methodName(method), parameter };
  const outcome = finding === 'harmless' ? 'noted' : 'failed';
  const id = finding === undefined ? undefined : 'wsus-soap-fault';
  return eventOf(
    line,
    { ...(id ? { id } : {}), stage, outcome, ...(actor ? { object: actor } : {}) },
    { finding, groups: named },
  );
}

function fieldOf(text: string, name: string): string | undefined {
  const equals = new RegExp(`\\b${name}\\s*[=:]\\s*"?([^,;"\\r\\n<]*)`, 'i').exec(text)?.[1]?.trim();
  const element = new RegExp(`<${name}>\\s*"?([^<"]*)`, 'i').exec(text)?.[1]?.trim();
  return equals || element || undefined;
}

/** `"http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService/SyncUpdates"` → `SyncUpdates`. */
function methodName(method: string | undefined): string | undefined {
  return method?.split('/').at(-1)?.replace(/"/g, '') || undefined;
}

function stageOf(place: string): Stage {
  if (/ServerSync|DssAuth/i.test(place)) return 'server-sync';
  return /Reporting/i.test(place) ? 'reporting' : 'web-service';
}
