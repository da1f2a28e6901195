// Which trouble a HRESULT stands for. Every code of the table is placed here, by itself or by its block. A test holds
// that. `harmless` codes are success, "nothing to do" and states that pass by themselves.
import type { FindingCode } from '../words/codes.ts';
import { blocks } from './blocks.ts';
import { type CodeCause, codesByCause } from './codes-by-cause.ts';
import { httpStatusOf } from './error-table.ts';

/** The trouble behind `value` (unsigned 32 bit). */
export function causeOf(value: number): CodeCause {
  const unsigned = value >>> 0;
  if (unsigned < 0x80000000) return 'harmless';
  const status = httpStatusOf(unsigned);
  if (status !== undefined) return causeOfStatus(status);
  return (
    single.get(unsigned) ??
    blocks.find(({ from, to }) => unsigned >= from && unsigned <= to)?.cause ??
    'DOCTOR_AGENT_ERROR'
  );
}

/** The trouble behind an HTTP status, where no substatus is known. */
export function causeOfStatus(status: number): CodeCause {
  if (status < 300 || status === 304) return 'harmless';
  if (status < 400) return 'DOCTOR_REDIRECTED';
  return byStatus[status] ?? (status >= 500 ? 'DOCTOR_SERVER_ERROR' : 'DOCTOR_HTTP_STATUS');
}

const byStatus: Record<number, FindingCode> = {
  400: 'DOCTOR_BAD_REQUEST',
  401: 'DOCTOR_ANONYMOUS_OFF',
  403: 'DOCTOR_FORBIDDEN',
  404: 'DOCTOR_TREE_MISSING',
  405: 'DOCTOR_METHOD_REFUSED',
  407: 'DOCTOR_PROXY_AUTHENTICATION',
  408: 'DOCTOR_SERVER_BUSY',
  410: 'DOCTOR_TREE_MISSING',
  416: 'DOCTOR_RANGES_REFUSED',
  501: 'DOCTOR_METHOD_REFUSED',
  502: 'DOCTOR_GATEWAY',
  503: 'DOCTOR_SERVICE_UNAVAILABLE',
  504: 'DOCTOR_GATEWAY',
  511: 'DOCTOR_CAPTIVE_PORTAL',
};

const single = new Map<number, CodeCause>(
  codesByCause.flatMap(([cause, codes]) => codes.map((code) => [code, cause] as const)),
);
