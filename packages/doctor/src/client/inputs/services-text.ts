// Texts about Windows services: `sc query`, `sc qc`, `Get-Service` and Win32_Service as tables or lists, and the errors
// of these commands.
import { columnsOf, recordsOf } from './powershell.ts';
import { evidenceAt, type ServiceSeen, type SettingsInput } from './seen.ts';

const scName = /^\s*(?:SERVICE_NAME|NOM_SERVICE|NOME_SERVIZIO|NOMBRE_SERVICIO|DIENSTNAME)\s*:\s*(\S.*?)\s*$/i;
const notThere = /cannot find any service with service name '?([\w$#.-]+)'?/i;

export const servicesText: SettingsInput = {
  title: 'state of services',
  recognises(head) {
    if (
      /^\s*(?:SERVICE_NAME|NOM_SERVICE|NOME_SERVIZIO|NOMBRE_SERVICIO|DIENSTNAME)\s*:/im.test(head) ||
      /^\[SC\] /m.test(head)
    )
      return true;
    if (notThere.test(head)) return true;
    const header = columnsOf(head).some(
      ({ names }) =>
        names.includes('name') &&
        (names.includes('status') ||
          names.includes('state') ||
          names.includes('starttype') ||
          names.includes('startmode')),
    );
    const list =
      /^Name\s*:\s*\S/im.test(head) &&
      /^(?:Status|State|StartType|StartMode)\s*:\s*\S/im.test(head) &&
      !/^ServiceID\s*:/im.test(head);
    return header || list;
  },
  read(text, source) {
    const lines = text.split(/\r?\n/);
    const services = new Map<string, ServiceSeen>();
    const note = (name: string, seen: Partial<ServiceSeen>, index: number) => {
      const known = services.get(name.toLowerCase());
      const evidence = evidenceAt(source, lines, index);
      services.set(name.toLowerCase(), {
        ...(known ?? { name: name.toLowerCase(), evidence }),
        ...seen,
        ...(known
          ? { evidence: { ...known.evidence, text: `${known.evidence.text}; ${evidence.text}`.slice(0, 400) } }
          : {}),
      });
    };
    readSc(lines, note);
    for (const record of recordsOf(text)) {
      const name = record.get('name')?.value;
      const place = record.get('status') ?? record.get('state') ?? record.get('starttype') ?? record.get('startmode');
      if (!name || !place || /\s/.test(name)) continue;
      const state = stateOf(record.get('state')?.value ?? record.get('status')?.value);
      const start = startOf(record.get('starttype')?.value ?? record.get('startmode')?.value);
      note(name, { ...(state ? { state } : {}), ...(start ? { start } : {}) }, place.line - 1);
    }
    lines.forEach((line, index) => {
      const missing = notThere.exec(line)?.[1];
      if (missing !== undefined) note(missing, { isMissing: true }, index);
    });
    return { source, services: [...services.values()] };
  },
};

type Note = (name: string, seen: Partial<ServiceSeen>, index: number) => void;

/** sc.exe writes the numbers in every language: 1060 is "no such service", 1058 "disabled". */
function readSc(lines: readonly string[], note: Note): void {
  let name = '';
  let asked = '';
  lines.forEach((line, index) => {
    asked = /\bsc(?:\.exe)?\s+(?:query|queryex|qc|start|stop|config)\s+"?([\w$#.-]+)/i.exec(line)?.[1] ?? asked;
    const named = scName.exec(line)?.[1];
    if (named !== undefined) {
      name = named;
      note(name, {}, index);
      return;
    }
    const state = /^\s*(?:STATE|STATUS|[ÉE]TAT|STATO|ESTADO|ZUSTAND)\s*:\s*(\d)\s+/i.exec(line)?.[1];
    if (state !== undefined && name !== '')
      note(name, { state: state === '4' ? 'running' : state === '1' ? 'stopped' : 'other' }, index);
    const start =
      /^\s*START_TYPE\s*:\s*(\d)\s+/i.exec(line)?.[1] ??
      /^\s*\w*START\w*\s*:\s*([2-4])\s+\w+_START|^\s*\S+\s*:\s*(4)\s+DISABLED/i.exec(line)?.[1];
    if (start !== undefined && name !== '')
      note(name, { start: start === '4' ? 'disabled' : start === '3' ? 'manual' : 'automatic' }, index);
    const error = /^\[SC\].*?\b(\d{4})\b/.exec(line)?.[1];
    const about = name || asked;
    if (error === '1060') note(asked || 'wuauserv', { isMissing: true }, index);
    if (error === '1058' && about !== '') note(about, { start: 'disabled' }, index);
  });
}

function stateOf(words: string | undefined): ServiceSeen['state'] {
  if (words === undefined || words === '') return undefined;
  if (/^(?:running|4)$/i.test(words)) return 'running';
  return /^(?:stopped|1)$/i.test(words) ? 'stopped' : /^(?:ok|degraded|unknown)$/i.test(words) ? undefined : 'other';
}

function startOf(words: string | undefined): ServiceSeen['start'] {
  if (words === undefined || words === '') return undefined;
  if (/^disabled$/i.test(words)) return 'disabled';
  return /^manual$/i.test(words) ? 'manual' : /^auto/i.test(words) ? 'automatic' : undefined;
}
