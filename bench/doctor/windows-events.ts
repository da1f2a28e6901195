// Windows events of an update agent as people export them: XML of wevtutil, CSV of Event Viewer.
import { closeSync, openSync, writeSync } from 'node:fs';

const told: readonly (readonly [number, number, string, string])[] = [
  [19, 4, 'Information', 'Installation Successful: Windows successfully installed the following update: KB'],
  [20, 2, 'Error', 'Installation Failure: Windows failed to install the following update with error 0x80070643: KB'],
  [43, 4, 'Information', 'Installation Started: Windows has started installing the following update: KB'],
  [44, 4, 'Information', 'Windows Update started downloading an update: KB'],
];

/** Writes about `bytes` of events, one a second. */
export function writeWindowsEvents(file: string, bytes: number, form: 'XML' | 'CSV'): void {
  const out = openSync(file, 'w');
  try {
    let written = writeSync(out, form === 'XML' ? '<Events>\n' : 'Level,Date and Time,Source,Event ID,Task Category\n');
    for (let number = 0; written < bytes; ) {
      let text = '';
      for (let of1000 = 0; of1000 < 1000; of1000++) text += form === 'XML' ? xmlOf(number++) : csvOf(number++);
      written += writeSync(out, text);
    }
    if (form === 'XML') writeSync(out, '</Events>\n');
  } finally {
    closeSync(out);
  }
}

function eventOf(number: number): { id: number; level: number; word: string; text: string; at: string } {
  const [id, level, word, text] = told[(number * 7) % told.length] ?? [19, 4, 'Information', 'KB'];
  const at = new Date(Date.UTC(2026, 0, 1) + number * 1000).toISOString();
  return { id, level, word, text: `${text}${5_000_000 + ((number * 7919) % 99_991)}`, at };
}

function xmlOf(number: number): string {
  const { id, level, text, at } = eventOf(number);
  return (
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>" +
    "<Provider Name='Microsoft-Windows-WindowsUpdateClient' Guid='{945a8954-c147-4acd-923f-40c45405a658}'/>" +
    `<EventID>${id}</EventID><Version>1</Version><Level>${level}</Level><Task>1</Task><Opcode>13</Opcode>` +
    `<Keywords>0x8000000000000018</Keywords><TimeCreated SystemTime='${at}'/><EventRecordID>${number}</EventRecordID>` +
    "<Correlation/><Execution ProcessID='836' ThreadID='2612'/><Channel>System</Channel>" +
    "<Computer>PC7.example.test</Computer><Security UserID='S-1-5-18'/></System><EventData>" +
    `<Data Name='updateTitle'>${text}</Data><Data Name='updateRevisionNumber'>200</Data></EventData></Event>\n`
  );
}

function csvOf(number: number): string {
  const { id, word, text, at } = eventOf(number);
  const time = `${Number(at.slice(5, 7))}/${Number(at.slice(8, 10))}/${at.slice(0, 4)} ${at.slice(11, 19)}`;
  return `${word},${time},Microsoft-Windows-WindowsUpdateClient,${id},Windows Update Agent,"${text}"\n`;
}
