// The self-update check as WindowsUpdate.log tells it and as the terminal shows it.
import { counted } from '@moult/formats/text';
import { formatHResult } from '@moult/protocol/hresult';
import type { WsusLog } from '../logs/wsus-log.ts';
import type { ProgramContext } from '../program/shell.ts';
import type { SelfUpdateWatch } from '../self-update/check.ts';
import type { EventQueue } from './report/event-queue.ts';
import { selfUpdateRefused, trustAlarm } from './report/events.ts';

export function watchSelfUpdate(
  { release, progress }: ProgramContext,
  log: WsusLog,
  events: Pick<EventQueue, 'add'>,
): SelfUpdateWatch {
  return {
    checking: (url) => {
      log.write('Setup', 'Checking for agent SelfUpdate');
      log.write('Setup', `Client version: Core: ${release.version}  Aux: ${release.version}`);
      progress('ident', `Is there a newer agent? Asking ${url}`);
    },
    fetched: (url, sizeBytes, fromCache) => {
      if (fromCache || !url.endsWith('.cab') || url.endsWith('ident.cab')) return;
      log.write('Misc', ` Downloaded ${url}: ${sizeBytes} bytes came`);
      progress('download', `${url} (${sizeBytes} bytes)`);
    },
    verifying: (file) => log.write('Misc', `Validating signature for ${file}:`),
    verified: (_file, signer) => {
      // The public line names Microsoft. Ours says whose signature it was.
      log.write('Misc', ` Microsoft signed: NA`);
      log.write('Misc', ` Operator signed: Yes (${signer})`);
    },
    decided: (decision) => {
      if (decision === 'up-to-date') {
        log.write('Setup', 'Skipping SelfUpdate check based on the /SKIP directive in wuident');
        log.write('Setup', 'SelfUpdate check completed.  SelfUpdate is NOT required.');
        progress('decision', 'This version is up to date.');
      } else {
        log.write('Setup', 'SelfUpdate check completed.  SelfUpdate is required.');
        progress('decision', `Outdated: version ${decision.version ?? '(not named)'} is at ${decision.path}.`);
      }
    },
    covered: (file, role) => log.write('Misc', ` Operator signed: Yes (${role} names ${file})`),
    warned: (message) => log.write('Setup', `WARNING: ${message}`),
    alarmed: (error) => {
      progress('failed', `${formatHResult(error.hresult)} ${error.message}`);
      events.add(trustAlarm(error.hresult, error.message));
    },
    refused: (error, version, isNews) => {
      log.write('Setup', `WARNING: SelfUpdate refused, error = ${formatHResult(error.hresult)}: ${error.message}`);
      progress('failed', `${formatHResult(error.hresult)} ${error.message}`);
      if (isNews) events.add(selfUpdateRefused(version, error.hresult, error.message));
    },
    staged: ({ version, files }) => {
      log.write('Setup', `Setup package "moult-agent ${version}" requires installation`);
      progress('extract', `Version ${version} is unpacked beside this one (${counted(files.length, 'file')}).`);
    },
  };
}
