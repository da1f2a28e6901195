// How every doctor command ends: text or JSON on stdout, the HTML file where asked, the exit code.

import { writeFileSync } from 'node:fs';
import { type DoctorReport, redactReport, renderHtml, renderText } from '@moult/doctor/report';
import { jsonText, visibleText } from '@moult/formats/text';
import { exitCode, UsageError } from '../terminal.ts';

export interface ReportOptions {
  json?: boolean;
  redact?: boolean;
  report?: string;
}

/** Prints the report as asked and sets the exit code: 0 healthy, 1 findings, 3 undecided. */
export function deliver(report: DoctorReport, options: ReportOptions): void {
  const shown = options.redact ? redactReport(report) : report;
  if (options.report !== undefined) {
    writeReport(options.report, renderHtml(shown, new Date()));
    console.error(`report written to ${options.report}`);
  }
  if (options.json) console.log(jsonText(shown, 2));
  else {
    const stream = process.stdout;
    const colour = stream.isTTY && stream.hasColors() && !process.env.NO_COLOR;
    stream.write(`${renderText(shown, { colour, width: stream.columns ?? 100 })}\n`);
  }
  process.exitCode = exitCodes[report.verdict];
}

const exitCodes: Record<DoctorReport['verdict'], number> = {
  healthy: exitCode.fine,
  findings: exitCode.findings,
  undecided: exitCode.undecided,
};

function writeReport(path: string, page: string): void {
  try {
    writeFileSync(path, page);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code;
    if (why === undefined) throw error;
    throw new UsageError(`--report ${path}: ${whyNot[why] ?? why}`);
  }
}

const whyNot: Record<string, string> = {
  ENOENT: 'no such folder',
  ENOTDIR: 'no such folder',
  EISDIR: 'is a folder',
  EACCES: 'may not be written',
  EROFS: 'may not be written',
  ENOSPC: 'the disk is full',
};

/** A progress line on stderr, rewritten in place. Only for people, only when work takes a while. */
export class ProgressLine {
  private readonly started = performance.now();
  private lastAt = 0;
  private shown = false;

  show(text: () => string): void {
    const now = performance.now();
    if (!process.stderr.isTTY || now - this.started < 700 || now - this.lastAt < 200) return;
    this.lastAt = now;
    this.shown = true;
    process.stderr.write(`\r\u001b[K${visibleText(text())}`);
  }

  end(): void {
    if (this.shown) process.stderr.write('\r\u001b[K');
  }
}
