// The self-update check as WindowsUpdate.log tells it (logs.md, "Known sequences") and as the terminal shows it.
import type { WsusLog } from '../logs/wsus-log.ts';
import type { ProgramContext } from '../program/shell.ts';
import type { SelfUpdateWatch } from '../self-update/check.ts';

export function watchSelfUpdate({ release, progress }: ProgramContext, log: WsusLog): SelfUpdateWatch {
  return {
    checking: (url) => {
      log.write('Setup', 'Checking for agent SelfUpdate');
      log.write('Setup', `Client version: Core: ${release.version}  Aux: ${release.version}`);
      progress('ident', `Is there a newer agent? Asking ${url}`);
    },
    fetched: (url, sizeBytes, fromCache) => {
      if (!fromCache && url.endsWith('wuaucomp.cab')) progress('download', `${url} (${sizeBytes} bytes)`);
    },
    verifying: (file) => log.write('Misc', `Validating signature for ${file}:`),
    verified: (_file, signer) => {
      // The public line names Microsoft; ours says whose signature it was.
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
    staged: ({ version, files }) => {
      log.write('Setup', `Setup package "moult-agent ${version}" requires installation`);
      progress('extract', `Version ${version} is unpacked beside this one (${files.length} file(s)).`);
    },
  };
}
