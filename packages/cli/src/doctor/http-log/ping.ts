// A status ping as a log shows it: the query of wutrack.bin. Lenient by purpose: old clients wrote it.

export interface LoggedPing {
  activity: string;
  activityName: string;
  status: string;
  /** HRESULT, 0 for success. */
  error: number;
  component: string;
  machineId: string | undefined;
  platform: string | undefined;
  item: string | undefined;
  /** When it happened, UTC, from X. */
  happenedAt: number | undefined;
}

const activities: Record<string, string> = {
  n: 'initialisation',
  s: 'self-update',
  d: 'detection',
  i: 'installation',
};

/** Reads the query of a ping; undefined when it is not one. */
export function pingOf(query: string): LoggedPing | undefined {
  const values = new Map<string, string>();
  for (const part of query.slice(0, 8192).split('&')) {
    const cut = part.indexOf('=');
    if (cut === 1) values.set(part.slice(0, 1).toUpperCase(), part.slice(cut + 1));
  }
  if (!values.has('V') && !values.has('A') && !values.has('E')) return undefined;
  const activity = (values.get('A') ?? '').toLowerCase();
  const error = Number.parseInt(values.get('E') ?? '0', 16);
  const machineId = values.get('U')?.toLowerCase();
  return {
    activity,
    activityName: activities[activity] ?? `activity "${activity}"`,
    status: (values.get('S') ?? '').toLowerCase(),
    error: Number.isNaN(error) ? 0 : error >>> 0,
    component: values.get('C') ?? '',
    machineId: machineId && /^[0-9a-f]{32}$/.test(machineId) ? machineId : undefined,
    platform: values.get('P'),
    item: values.get('I'),
    happenedAt: eventTimeOf(values.get('X') ?? ''),
  };
}

function eventTimeOf(text: string): number | undefined {
  const match = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{3})?/.exec(text);
  if (!match) return undefined;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0, ms = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  return Date.UTC(2000 + year, month - 1, day, hour, minute, second, ms);
}
