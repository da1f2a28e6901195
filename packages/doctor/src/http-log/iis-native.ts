// IIS's own log format (inYYMMDD.log), comma-separated and without a header: client, user, date, time, service,
// computer, server address, milliseconds, bytes, statuses, method, target, parameters, and a last comma.
import { type HttpRecord, kindOfPath } from './record.ts';

const shape = /^[^,]+, [^,]*, \d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}, \d{1,2}:\d{2}:\d{2}, W3SVC\d*,/;

/** The request in a line. Undefined if the line is not of this format, or not about updating. */
export function parseNativeLine(text: string, source: string, line: number): HttpRecord | undefined {
  if (!shape.test(text)) return undefined;
  const cells = text.split(',').map((cell) => cell.trim());
  const [client, user, date = '', time = '', site, , , , , , status, win32, method = '', path = '', query = ''] = cells;
  const kind = kindOfPath(path);
  if (kind === 'other') return undefined;
  return {
    source,
    line,
    text,
    at: timeOf(date, time),
    zone: 'unknown',
    client,
    method,
    path,
    query: present(query),
    kind,
    status: numberOf(status),
    substatus: undefined,
    win32: numberOf(win32),
    userAgent: '',
    userName: present(user),
    host: undefined,
    port: undefined,
    site,
    reason: undefined,
  };
}

/** Local time in the form of the server's locale. Two digits of the year are usual. */
function timeOf(date: string, time: string): number | undefined {
  const [first = 0, second = 0, third = 0] = date.split(/[/.-]/).map(Number);
  const [hour = 0, minute = 0, seconds = 0] = time.split(':').map(Number);
  if (first > 31) return Date.UTC(first, second - 1, third, hour, minute, seconds);
  const [month, day] = first > 12 || date.includes('.') ? [second, first] : [first, second];
  return Date.UTC(third < 100 ? 2000 + third : third, month - 1, day, hour, minute, seconds);
}

function present(value: string | undefined): string {
  return value === undefined || value === '-' ? '' : value;
}

function numberOf(value: string | undefined): number | undefined {
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
}
