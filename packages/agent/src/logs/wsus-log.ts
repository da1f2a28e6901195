// WindowsUpdate.log, the WSUS client's log, in the public format (Microsoft KB 902093): date, time with milliseconds
// after a colon, process id, thread id in hexadecimal, component, text. TAB between, CRLF after. Local time.
import { basename } from 'node:path';
import { formatHResult, type HResult } from '@moult/protocol/hresult';
import { inWordsOf } from '../machine/brand.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import { appendToLog } from './append.ts';

type WsusComponent = 'Agent' | 'AU' | 'DnldMgr' | 'Handler' | 'Misc' | 'PT' | 'Report' | 'Service' | 'Setup';

export interface WsusLog {
  write(component: WsusComponent, text: string): void;
}

/**
 * A writer that appends to the machine's log, in the words of its brand. A text that the disk does not take goes to `lost`.
 * Node shows no thread ids. The low bits of the process id replace them.
 */
export function openWsusLog(
  { wsusLog, brand }: MachineRoot,
  now: () => Date,
  lost: (text: string) => void = () => {},
): WsusLog {
  const { pid } = process;
  const ids = `${String(pid).padStart(4)}\t${(pid & 0xfff).toString(16).padStart(4)}`;
  return {
    write: (component, text) => {
      const safe = inWordsOf(brand, text).replace(/[\r\n]+/g, ' ');
      if (!appendToLog(wsusLog, `${localStamp(now())}\t${ids}\t${component}\t${safe}\r\n`)) lost(safe);
    },
  };
}

/** The block at each start of the service. */
export function logServiceStart(log: WsusLog, version: string, now: Date, module: string): void {
  log.write('Misc', `===========  Logging initialized (build: ${version}, tz: ${zoneOf(now)})  ===========`);
  log.write('Misc', `  = Process: ${basename(process.execPath)}`);
  log.write('Misc', `  = Module: ${module}`);
}

/**
 * The lines of a self-update check that failed, always in this order.
 * `transport` is what the HTTP layer saw, `mapped` what the check returned for it.
 */
export function logSelfUpdateFailure(log: WsusLog, url: string | undefined, transport: HResult, mapped: HResult): void {
  const raw = formatHResult(transport);
  const code = formatHResult(mapped);
  if (url !== undefined) {
    if (transport >>> 16 === 0x8007) {
      const bare = raw.slice(2);
      log.write('Misc', `WARNING: Send failed with hr = ${bare}.`);
      log.write(
        'Misc',
        `WARNING: SendRequest failed with hr = ${bare}. Proxy List used: <(null)> Bypass List used : <(null)> Auth Schemes used : <>`,
      );
      log.write('Misc', `WARNING: WinHttp: SendRequestUsingProxy failed for <${url}>. error ${raw}`);
      log.write('Misc', `WARNING: WinHttp: SendRequestToServerForFileInformation MakeRequest failed. error ${raw}`);
    }
    if (transport >>> 16 === 0x8007 || transport >>> 16 === 0x8019) {
      log.write('Misc', `WARNING: WinHttp: SendRequestToServerForFileInformation failed with ${raw}`);
      log.write('Misc', `WARNING: WinHttp: ShouldFileBeDownloaded failed with ${raw}`);
    }
    log.write('Misc', `WARNING: DownloadFileInternal failed for ${url}: error ${raw}`);
  }
  log.write('Setup', `FATAL: IsUpdateRequired failed with error ${code}`);
  log.write('Setup', `WARNING: SelfUpdate: Default Service: IsUpdateRequired failed: ${code}`);
  log.write('Setup', `WARNING: SelfUpdate: Default Service: IsUpdateRequired failed, error = ${code}`);
}

function localStamp(time: Date): string {
  const local = new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString();
  return `${local.slice(0, 10)}\t${local.slice(11, 19)}:${local.slice(20, 23)}`;
}

/** The offset of local time as the log's head writes it: -0500. */
export function zoneOf(time: Date): string {
  const minutes = -time.getTimezoneOffset();
  const two = (value: number) => String(value).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}${two(Math.abs(minutes) % 60)}`;
}
