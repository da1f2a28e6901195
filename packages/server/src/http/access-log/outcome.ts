// Sub-status and Win32 status of an answer, as an administrator of IIS knows them. A site that knows better than the
// status alone tells says so. The front asks when it writes the line.
import type { ServerResponse } from 'node:http';

interface RequestOutcome {
  substatus: number;
  win32: number;
}

const noted = new WeakMap<ServerResponse, RequestOutcome>();

const fine: RequestOutcome = { substatus: 0, win32: 0 };
// ERROR_FILE_NOT_FOUND, ERROR_ACCESS_DENIED, ERROR_INVALID_FUNCTION, ERROR_NETNAME_DELETED
const notFound: RequestOutcome = { substatus: 0, win32: 2 };
const denied: RequestOutcome = { substatus: 0, win32: 5 };
const wrongMethod: RequestOutcome = { substatus: 0, win32: 1 };
const clientGone = 64;

/** Sets what the log line of this response says beside its status: 403.14 for a folder, 404.0 and so on. */
export function noteOutcome(response: ServerResponse, outcome: RequestOutcome): void {
  noted.set(response, outcome);
}

/** The log fields of a finished or cut response. */
export function outcomeOf(response: ServerResponse): RequestOutcome {
  const outcome = noted.get(response) ?? defaultFor(response.statusCode);
  return response.writableFinished ? outcome : { ...outcome, win32: clientGone };
}

function defaultFor(status: number): RequestOutcome {
  if (status < 400) return fine;
  if (status === 404) return notFound;
  if (status === 401 || status === 403) return denied;
  return status === 405 ? wrongMethod : fine;
}
