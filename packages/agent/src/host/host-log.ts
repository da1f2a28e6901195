// The host writes into the log of the generation that runs, so that there is one story to read.
import { openSusLog } from '../logs/sus-log.ts';
import { openWsusLog } from '../logs/wsus-log.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import type { Generation } from './current.ts';

export interface HostLog {
  info(generation: Generation, text: string): void;
  warn(generation: Generation, text: string): void;
}

export function openHostLog(root: MachineRoot, now: () => Date): HostLog {
  const sus = openSusLog(root.susLog, now);
  const wsus = openWsusLog(root.wsusLog, now);
  return {
    info: (generation, text) => (generation === 'sus' ? sus.write('Info', 'Host', text) : wsus.write('Service', text)),
    warn: (generation, text) =>
      generation === 'sus' ? sus.write('Warning', 'Host', text) : wsus.write('Service', `WARNING: ${text}`),
  };
}
