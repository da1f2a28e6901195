// The results of an import, for people: what stands out by name, the rest by number.
import { countDocuments, type ImportReport } from '@moult/administration/imports';
import { visibleText } from '@moult/formats/text';
import { paint } from './terminal.ts';

/** So many of each kind are named. --json names all. */
const shown = 20;

/** Whether an import met no update document at all: the folder was the wrong one, or its files are of another kind. */
export function foundNothing(report: ImportReport): boolean {
  return countDocuments(report) === 0;
}

/** One line that is written over on a terminal. Elsewhere one every few seconds. */
export function importProgress(): (report: Readonly<ImportReport>) => void {
  const everyMs = 5000;
  let shownAt = performance.now();
  return ({ new: added, changed, unchanged, refused }) => {
    const line = `${added} new, ${changed} changed, ${unchanged} unchanged, ${refused} refused`;
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${visibleText(line)}`);
    else if (performance.now() - shownAt >= everyMs) {
      shownAt = performance.now();
      console.error(`so far: ${line}`);
    }
  };
}

export function printImport(report: ImportReport): void {
  for (const { document, code, message } of report.refusals) {
    console.log(`${paint('red', 'refused')} ${visibleText(document)}: ${code}: ${visibleText(message)}`);
  }
  for (const { updateId, title, decisions } of report.expired.slice(0, shown)) {
    const off =
      decisions === 0 ? '' : `. ${decisions === 1 ? '1 decision is' : `${decisions} decisions are`} taken off`;
    console.log(`${paint('yellow', 'expired')} ${visibleText(title)} (${updateId}): declined${off}`);
  }
  for (const { file, kind } of report.passedOver.files.slice(0, shown)) {
    console.log(`${paint('yellow', 'passed over')} ${visibleText(file)}: ${kind}`);
  }
  printPassedOverKinds(report);
  for (const { code, message } of report.setAside.slice(0, shown)) {
    console.log(`${paint('yellow', 'held back')} ${code}: ${message}`);
  }
  if (report.setAside.length > shown) {
    console.log(`${report.setAside.length - shown} more are held back since this import. --json names them all.`);
  }
  const { new: added, changed, unchanged, refused, passedOver, setAsideInAll } = report;
  console.log(
    `${added} new, ${changed} changed, ${unchanged} unchanged, ${refused} refused, ${passedOver.count} passed over`,
  );
  if (setAsideInAll > 0) {
    const updates = setAsideInAll === 1 ? '1 update waits' : `${setAsideInAll} updates wait`;
    console.log(`${updates} for others in the whole catalog. "moult catalog waiting" lists them.`);
  }
  if (foundNothing(report)) console.log(`Nothing was imported${refused > 0 ? '' : ': no update document was found'}.`);
}

function printPassedOverKinds({ passedOver }: ImportReport): void {
  if (passedOver.count <= shown) return;
  const kinds = Object.entries(passedOver.kinds).sort(([, a], [, b]) => b - a);
  const named = kinds.slice(0, shown).map(([kind, count]) => `${count} × ${kind}`);
  const rest = kinds.length > shown ? `, and ${kinds.length - shown} more kinds` : '';
  console.log(
    `${passedOver.count === 1 ? '1 file was' : `${passedOver.count} files were`} passed over: ${named.join(', ')}${rest}. --json names them.`,
  );
}
