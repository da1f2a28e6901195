// Refusals of the API in the form of RFC 9457. This file is the home of the codes API_…. Rules of administration and of
// the store keep their own codes.
import { AdministrationError } from '@moult/administration';
import { isTemporary, ServerError } from '@moult/store/errors';

type ApiCode =
  | 'API_BAD_REQUEST'
  | 'API_UNAUTHENTICATED'
  | 'API_FORBIDDEN'
  | 'API_INSECURE'
  | 'API_CROSS_SITE'
  | 'API_NOT_FOUND'
  | 'API_METHOD'
  | 'API_CONFLICT'
  | 'API_PRECONDITION_FAILED'
  | 'API_TOO_LARGE'
  | 'API_MEDIA_TYPE'
  | 'API_WRONG_HOST'
  | 'API_PRECONDITION_REQUIRED'
  | 'API_TOO_MANY'
  | 'API_INTERNAL'
  | 'API_BUSY';

/** As HTTP says it. */
const statuses: Readonly<Record<ApiCode, number>> = {
  API_BAD_REQUEST: 400,
  API_UNAUTHENTICATED: 401,
  API_FORBIDDEN: 403,
  API_INSECURE: 403,
  API_CROSS_SITE: 403,
  API_NOT_FOUND: 404,
  API_METHOD: 405,
  API_CONFLICT: 409,
  API_PRECONDITION_FAILED: 412,
  API_TOO_LARGE: 413,
  API_MEDIA_TYPE: 415,
  API_WRONG_HOST: 421,
  API_PRECONDITION_REQUIRED: 428,
  API_TOO_MANY: 429,
  API_INTERNAL: 500,
  API_BUSY: 503,
};

export interface Fault {
  /** JSON pointer into the body, or `query/NAME`, `path/NAME`. */
  at: string;
  detail: string;
}

export class ApiError extends Error {
  readonly code: ApiCode;
  readonly faults: readonly Fault[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ApiCode,
    message: string,
    { faults = [], headers = {} }: { faults?: readonly Fault[]; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.faults = faults;
    this.headers = headers;
  }
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  instance: string;
  errors?: readonly Fault[];
  /** The kind that was not found: computer, group, update, user or token. */
  subject?: string;
  /** How many the server counted, when that is what it is about. */
  count?: number;
}

/** The problem document that a client gets for an error. It says nothing of an error that is not ours. */
export function problemOf(
  error: unknown,
  instance: string,
): { problem: Problem; headers: Readonly<Record<string, string>> } {
  if (error instanceof ApiError) {
    const errors = error.faults.length > 0 ? { errors: error.faults } : {};
    return {
      problem: { ...problem(error.code, statuses[error.code], error.message, instance), ...errors },
      headers: error.headers,
    };
  }
  if (isTemporary(error)) {
    const detail = 'The server cannot answer this at the moment. Try again later.';
    return { problem: problem('API_BUSY', 503, detail, instance), headers: { 'retry-after': '30' } };
  }
  if (error instanceof AdministrationError || error instanceof ServerError) {
    const status = statusOfRule(error.code);
    if (status !== undefined)
      return { problem: { ...problem(error.code, status, error.message, instance), ...factsOf(error) }, headers: {} };
  }
  const detail = `The server failed at this. Its log has the reason under ${instance}.`;
  return { problem: problem('API_INTERNAL', 500, detail, instance), headers: {} };
}

function factsOf(error: Error): Pick<Problem, 'subject' | 'count'> {
  if (!(error instanceof AdministrationError)) return {};
  const { subject, count } = error;
  return { ...(subject !== undefined && { subject }), ...(count !== undefined && { count }) };
}

/** The status of a refusal by a rule. Undefined for a failure of the server. */
function statusOfRule(code: string): number | undefined {
  if (code === 'SERVER_NOT_FOUND') return 404;
  if (code === 'SERVER_REFUSED' || code.startsWith('ADMINISTRATION_')) return code === badAccount ? 422 : 409;
  return undefined;
}

const badAccount = 'ADMINISTRATION_BAD_ACCOUNT';

const titles: Readonly<Record<number, string>> = {
  ...{ 400: 'Bad request', 401: 'Not authenticated', 403: 'Not allowed', 404: 'Not found', 405: 'Wrong method' },
  ...{ 409: 'Refused', 412: 'It changed', 413: 'Too large', 415: 'Not JSON', 421: 'Wrong name', 422: 'Cannot be used' },
  ...{ 428: 'If-Match is missing', 429: 'Too many', 500: 'Failed', 503: 'Busy' },
};

function problem(code: string, status: number, detail: string, instance: string): Problem {
  const type = `/docs/errors#${code.toLowerCase()}`;
  return { type, title: titles[status] ?? 'Refused', status, code, detail, instance };
}
