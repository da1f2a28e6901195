// A machine with just what the panel reads: an agent of a generation, its registry, its logs. Nothing of it runs.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventNumbers } from '@moult/protocol/reporting';
import { writeCurrent } from '../../host/current.ts';
import { appendReportingEvent } from '../../logs/reporting-events-log.ts';
import { openSusLog } from '../../logs/sus-log.ts';
import { detectionAt, resultOf, stateIs } from '../../machine/au-state.ts';
import { keys } from '../../machine/keys.ts';
import { type MachineRoot, machineRoot } from '../../machine/machine-root.ts';
import { number, openRegistry, text } from '../../machine/registry.ts';

export interface PanelMachines {
  machine(generation: 'sus' | 'wsus'): MachineRoot;
  close(): void;
}

export const hostile = '"><img src=x onerror=alert(1)><script>alert(2)</script>\u202egpj';

export function openPanelMachines(): PanelMachines {
  const folder = mkdtempSync(join(tmpdir(), 'moult-panel-'));
  let machines = 0;
  return {
    machine(generation) {
      const root = machineRoot(join(folder, `machine-${++machines}`));
      const version = generation === 'sus' ? '5.4.0.1' : '7.9.0.2';
      mkdirSync(join(root.versionsFolder, version), { recursive: true });
      writeCurrent(root, { state: 'committed', generation, version, failed: [] });
      openRegistry(root).change([
        { key: keys.policy, name: 'WUServer', value: text('http://updates.example.com:8530') },
        { key: keys.policyAu, name: 'UseWUServer', value: number(1) },
        ...[4, 0, 3].map((data, at) => ({
          key: keys.autoUpdate,
          name: ['AUOptions', 'ScheduledInstallDay', 'ScheduledInstallTime'][at] ?? '',
          value: number(data),
        })),
        ...stateIs(2),
        ...detectionAt(new Date('2026-12-02T19:30:00Z'), generation),
        ...resultOf('Detect', new Date('2026-12-01T22:10:00Z'), 0),
      ]);
      return root;
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** An installation, one that failed, a self-update and a check that failed, in this order. */
export function liveALittle(root: MachineRoot, title = 'Moult sample update'): void {
  const event = { revision: 1, updateId: '00000000-0000-4000-8000-000000000001', instanceId: 'A' };
  const at = (hour: number) => new Date(`2026-12-01T0${hour}:00:00Z`);
  const say = (hour: number, eventId: number, result: number, message: string, caller = 'AutomaticUpdates') =>
    appendReportingEvent(root.reportingEventsLog, {
      ...{ ...event, time: at(hour), eventId, result, caller, message, category: '' },
      outcome: result === 0 ? 'Success' : 'Failure',
    });
  const about = 'Windows successfully installed the following update: ';
  say(1, eventNumbers.installSucceeded, 0, `Installation Successful: ${about}${title}`);
  say(
    2,
    eventNumbers.installFailed,
    0x8024200b,
    `Installation Failure: Windows failed to install the following update with error 0x8024200b: ${title}.`,
  );
  say(3, eventNumbers.installSucceeded, 0, `Installation Successful: ${about}Automatic Updates`, 'SelfUpdate');
  say(4, eventNumbers.scanFailed, 0x8024402c, 'Windows Update Client failed to detect with error 0x8024402c.');
  say(5, eventNumbers.downloadStarted, 0, 'Download started.');
}

/** What "Windows Update.log" says of a SUS client. */
export function liveAsSusClient(root: MachineRoot): void {
  const log = openSusLog(root, () => new Date('2026-11-30T06:00:00Z'));
  log.write('Info', 'Service', 'Automatic Updates (SUS client) 5.4.0.1 started.');
  log.write('Error', 'SelfUpdate', 'Self-update failed with 0x80244019: http://x answered 404: the file is not there.');
  log.write('Success', 'SelfUpdate', 'This is version 5.4.0.1 now.');
}
