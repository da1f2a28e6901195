// "Windows Update.log", the SUS client's log. Its real format was never published. Ours is: local date and time, UTC,
// status, component, text. TAB between, CRLF after, UTF-8. Documented in docs/agent.md.
import { formatDottedTime } from '../machine/au-time.ts';
import { appendToLog } from './append.ts';

type SusStatus = 'Info' | 'Success' | 'Warning' | 'Error';
type SusComponent = 'Service' | 'Detection' | 'SelfUpdate' | 'Transport' | 'Ping' | 'Host';

export interface SusLog {
  write(status: SusStatus, component: SusComponent, text: string): void;
}

/** A writer that appends to `file`. A text that the disk does not take goes to `lost`. */
export function openSusLog(file: string, now: () => Date, lost: (text: string) => void = () => {}): SusLog {
  return {
    write(status, component, text) {
      const time = now();
      const local = formatDottedTime(time, 'local').replaceAll('.', '-');
      const line = [local, `${time.toISOString().slice(0, 19)}Z`, status, component, oneLine(text)].join('\t');
      if (!appendToLog(file, `${line}\r\n`)) lost(oneLine(text));
    },
  };
}

/** A server's words must not make lines of their own in our log. */
function oneLine(text: string): string {
  return text.replace(/[\r\n\t]+/g, ' ');
}
