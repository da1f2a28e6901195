// moult doctor logs FILE|DIR …
import { examineLogs, type LogProgress, megabytes } from '@moult/doctor/logs';
import { deliver, ProgressLine, type ReportOptions } from './deliver.ts';
import { keepHeapSmall } from './small-heap.ts';

/** Reads the logs and delivers the report. */
export async function doctorLogs(paths: readonly string[], options: ReportOptions): Promise<void> {
  keepHeapSmall();
  const progress = new ProgressLine();
  const report = await examineLogs(paths, showReading(progress));
  progress.end();
  deliver(report, options);
}

/** How much is read, on one line. */
export function showReading(line: ProgressLine): LogProgress {
  return (read, total, file) => {
    const percent = Math.min(100, Math.round((read / Math.max(1, total)) * 100));
    line.show(() => `${percent} %  ${megabytes(read)} of ${megabytes(total)}  ${file}`);
  };
}
