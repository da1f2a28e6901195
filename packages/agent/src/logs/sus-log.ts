// "Windows Update.log", the SUS client's log. Its real format was never published. Ours is: local date and time, UTC,
// status, component, text. TAB between, CRLF after, UTF-8. Documented in docs/agent.md.
import { formatDottedTime } from '../machine/au-time.ts';
import { inWordsOf } from '../machine/brand.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import { appendToLog } from './append.ts';

type SusStatus = 'Info' | 'Success' | 'Warning' | 'Error';
type SusComponent = 'Service' | 'Detection' | 'SelfUpdate' | 'Transport' | 'Ping' | 'Host';

export interface SusLog {
  write(status: SusStatus, component: SusComponent, text: string): void;
}

/** A writer that appends to the machine's log, in the words of its brand. A text that the disk does not take goes to `lost`. */
export function openSusLog(
  { susLog, brand }: MachineRoot,
  now: () => Date,
  lost: (text: string) => void = () => {},
): SusLog {
  return {
    write(status, component, text) {
      const time = now();
      const local = formatDottedTime(time, 'local').replaceAll('.', '-');
      const safe = oneLine(inWordsOf(brand, text));
      const line = [local, `${time.toISOString().slice(0, 19)}Z`, status, component, safe].join('\t');
      if (!appendToLog(susLog, `${line}\r\n`)) lost(safe);
    },
  };
}

/** A server's words must not make lines of their own in our log. */
function oneLine(text: string): string {
  return text.replace(/[\r\n\t]+/g, ' ');
}
