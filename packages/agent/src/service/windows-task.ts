// The task of Windows' Task Scheduler (MS-TSCH 2.5). A program that the Service Control Manager starts must answer it, and Node
// does not. A task needs no answer: it starts the agent with the system, as LocalSystem, and looks every five minutes whether it
// runs. ADR 0031.

import type { ServiceSpec } from './identity.ts';
import { escapeXml } from './launchd-plist.ts';

/** The text of the task. It is written to a file as UTF-16LE with a byte order mark. Throws RangeError as launchdPlist. */
export function windowsTask({ names, program, args }: ServiceSpec): string {
  const description =
    `${names.title}. Starts with the system, and again within five minutes when it has ended. ` +
    `"${names.command} service install" made this task.`;
  return [
    '<?xml version="1.0" encoding="UTF-16"?>',
    '<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">',
    '  <RegistrationInfo>',
    `    <Author>${escapeXml(names.title)}</Author>`,
    `    <Description>${escapeXml(description)}</Description>`,
    '  </RegistrationInfo>',
    '  <Triggers>',
    '    <BootTrigger>',
    '      <Enabled>true</Enabled>',
    '    </BootTrigger>',
    '    <TimeTrigger>',
    '      <Repetition>',
    '        <Interval>PT5M</Interval>',
    '        <StopAtDurationEnd>false</StopAtDurationEnd>',
    '      </Repetition>',
    '      <StartBoundary>2026-01-01T00:00:00</StartBoundary>',
    '      <Enabled>true</Enabled>',
    '    </TimeTrigger>',
    '  </Triggers>',
    '  <Principals>',
    '    <Principal id="Author">',
    '      <UserId>S-1-5-18</UserId>',
    '      <RunLevel>HighestAvailable</RunLevel>',
    '    </Principal>',
    '  </Principals>',
    '  <Settings>',
    '    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>',
    '    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>',
    '    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>',
    '    <AllowHardTerminate>false</AllowHardTerminate>',
    '    <StartWhenAvailable>true</StartWhenAvailable>',
    '    <RunOnlyIfNetworkAvailable>false</RunOnlyIfNetworkAvailable>',
    '    <IdleSettings>',
    '      <StopOnIdleEnd>false</StopOnIdleEnd>',
    '      <RestartOnIdle>false</RestartOnIdle>',
    '    </IdleSettings>',
    '    <AllowStartOnDemand>true</AllowStartOnDemand>',
    '    <Enabled>true</Enabled>',
    '    <Hidden>false</Hidden>',
    '    <RunOnlyIfIdle>false</RunOnlyIfIdle>',
    '    <WakeToRun>false</WakeToRun>',
    '    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>',
    '    <Priority>5</Priority>',
    '    <RestartOnFailure>',
    '      <Interval>PT1M</Interval>',
    '      <Count>255</Count>',
    '    </RestartOnFailure>',
    '  </Settings>',
    '  <Actions Context="Author">',
    '    <Exec>',
    `      <Command>${escapeXml(program)}</Command>`,
    `      <Arguments>${escapeXml(args.map(argument).join(' '))}</Arguments>`,
    '    </Exec>',
    '  </Actions>',
    '</Task>',
    '',
  ].join('\r\n');
}

/** The task's text as the file that schtasks.exe reads. */
export function encodeTask(task: string): Buffer {
  return Buffer.from(`\ufeff${task}`, 'utf16le');
}

/** The command that a task starts, from the text that Windows keeps of it. Undefined without a command. */
export function actionOf(task: string): { command: string; args: string } | undefined {
  const command = /<Command>([^<]*)<\/Command>/.exec(task)?.[1];
  const args = /<Arguments>([^<]*)<\/Arguments>/.exec(task)?.[1] ?? '';
  return command === undefined ? undefined : { command: unescapeXml(command.trim()), args: unescapeXml(args.trim()) };
}

/** Whether the task is switched on: the element of Settings, not that of a trigger. */
export function isTaskEnabled(task: string): boolean {
  const settings = /<Settings>([\s\S]*)<\/Settings>/.exec(task)?.[1] ?? '';
  return !/<Enabled>\s*false\s*<\/Enabled>/i.test(settings);
}

/** One argument of a command line of Windows: CommandLineToArgvW reads backslashes before a quotation mark twice. */
export function argument(word: string): string {
  if (word !== '' && !/[\s"]/.test(word)) return word;
  return `"${word.replaceAll(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, '$1$1')}"`;
}

function unescapeXml(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&');
}
