// The host writes into the log of the generation that runs, so that there is one story to read. If the disk does not
// take a text, the host prints it. The log of the system's services shows it then.
import { openSusLog } from '../logs/sus-log.ts';
import { openWsusLog } from '../logs/wsus-log.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import type { Generation } from './current.ts';

export interface HostLog {
  info(generation: Generation, text: string): void;
  warn(generation: Generation, text: string): void;
}

export function openHostLog(
  root: MachineRoot,
  now: () => Date,
  say: (line: string) => void = (line) => console.error(line),
): HostLog {
  const lostOf = (file: string) => (text: string) => say(`${file} cannot be written. Its line: ${text}`);
  const sus = openSusLog(root, now, lostOf(root.susLog));
  const wsus = openWsusLog(root, now, lostOf(root.wsusLog));
  return {
    info: (generation, text) => (generation === 'sus' ? sus.write('Info', 'Host', text) : wsus.write('Service', text)),
    warn: (generation, text) =>
      generation === 'sus' ? sus.write('Warning', 'Host', text) : wsus.write('Service', `WARNING: ${text}`),
  };
}
