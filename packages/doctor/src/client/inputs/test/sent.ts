// A file of settings that an administrator sent, and the report on it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { makeReport } from '../../../report/report.ts';
import { renderText } from '../../../report/text.ts';
import { observeSettingsFile } from '../index.ts';

/** A real case of fixtures/cases. */
export const caseFile = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../../../../../fixtures/cases/${name}`, import.meta.url)));

/** The report on one file that was sent in. */
export function reportOf(content: string | Buffer, name = 'sent.txt') {
  const seen = observeSettingsFile(Buffer.from(content), name, 'PC7');
  assert.ok(seen, 'it is recognised');
  return makeReport('PC7', seen);
}

export const textOf = (content: string | Buffer, name?: string) =>
  renderText(reportOf(content, name), { colour: false, width: 110 });
export const unknowns = (report: ReturnType<typeof reportOf>) =>
  report.findings.filter(({ verdict }) => verdict === 'unknown').map(({ code }) => code);
