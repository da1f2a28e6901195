// Finds the process that has a lock on a file, as Linux lists it, for the error message.
import { lstatSync, readFileSync } from 'node:fs';

/** `process 4711 of user 1000`. Undefined where the system does not tell. */
export function lockingProcess(file: string): string | undefined {
  try {
    const { ino } = lstatSync(file);
    const line = readFileSync('/proc/locks', 'utf8')
      .split('\n')
      .find((one) => one.includes(`:${ino} `));
    const pid = line?.trim().split(/\s+/)[4];
    if (pid === undefined || !/^\d+$/.test(pid)) return undefined;
    const user = /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return `process ${pid} of user ${user ?? '?'}`;
  } catch {
    return undefined;
  }
}
