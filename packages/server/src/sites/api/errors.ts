// Refusals of the API in the form of RFC 9457. This file is the home of the codes API_…. Rules of administration and of
// the store keep their own codes.
import { AdministrationError } from '@moult/administration';
import { CatalogError } from '@moult/catalog';
import { DiskError } from '@moult/disk';
import { DoctorError } from '@moult/doctor/errors';
import { FormatError } from '@moult/formats';
import { ReleaseError, type ReleaseErrorCode } from '@moult/releases/errors';
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
  const given = statusOfInput(error);
  if (given !== undefined) return { problem: problem(given.code, given.status, given.message, instance), headers: {} };
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

/** Files that were sent or fetched and cannot be used: no failure of the server. */
class BadInput extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Does work on files from outside. A fault of theirs is a refusal, with the code of the reader. */
export async function onInput<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const isInput = error instanceof CatalogError || error instanceof FormatError || error instanceof DoctorError;
    if (isInput || (error instanceof DiskError && !isTemporary(error))) throw new BadInput(error.code, error.message);
    throw error;
  }
}

/** Refusals of the signed metadata that an administrator can act on. */
const refusedByReleases: readonly ReleaseErrorCode[] = [
  ...(['RELEASE_TARGET_EXISTS', 'RELEASE_TARGET_MALFORMED', 'RELEASE_FLOOR_MISSING', 'RELEASE_NOT_STAGED'] as const),
  ...(['RELEASE_REPOSITORY_BUSY', 'RELEASE_REPOSITORY_MISSING', 'RELEASE_SIGNATURES_MISSING'] as const),
  ...(['RELEASE_KEY_UNUSABLE', 'RELEASE_KEY_UNKNOWN', 'RELEASE_THRESHOLD_IMPOSSIBLE'] as const),
];

function statusOfInput(error: unknown): { code: string; status: number; message: string } | undefined {
  if (error instanceof BadInput) return { code: error.code, status: 409, message: error.message };
  if (!(error instanceof ReleaseError)) return undefined;
  const { code, message } = error;
  if (code === 'RELEASE_TARGET_UNKNOWN') return { code, status: 404, message };
  return refusedByReleases.includes(code) ? { code, status: 409, message } : undefined;
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
