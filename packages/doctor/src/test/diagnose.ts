// For tests: files on a real disk in, report out.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readLogs } from '../logs/read-logs.ts';
import { reportLogs } from '../logs/report.ts';
import type { DoctorReport } from '../report/report.ts';
import type { FindingCode } from '../words/codes.ts';

/** Writes the files into a scratch folder and uses it. */
export async function inFolder<T>(
  files: Record<string, string | Uint8Array>,
  use: (folder: string) => T | Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'moult-doctor-test-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What `moult doctor logs` says of these files. */
export function diagnoseLogs(files: Record<string, string | Uint8Array>): Promise<DoctorReport> {
  return inFolder(files, async (folder) => reportLogs(await readLogs([folder], () => {}), 'test'));
}

/** Codes of failed roots, the first one first. */
export function failures(report: DoctorReport): FindingCode[] {
  return report.findings.filter(({ verdict }) => verdict === 'fail').map(({ code }) => code);
}

/** Every code in a report, consequences and passes included. */
export function allCodes(report: DoctorReport): FindingCode[] {
  return [...report.findings, ...report.passes].flatMap(({ code, consequences }) => [
    code,
    ...consequences.map((each) => each.code),
  ]);
}

/** A server on a real port of this machine while `use` runs. */
export async function onPort<T>(listener: RequestListener, use: (origin: string) => Promise<T>): Promise<T> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
