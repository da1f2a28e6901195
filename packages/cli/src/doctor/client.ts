// moult doctor client: on the machine itself, or from files that somebody sent in.
import { type ClientOptions, examineClient } from '@moult/doctor/client';
import { deliver, ProgressLine, type ReportOptions } from './deliver.ts';
import { showReading } from './logs.ts';

/** Reads what is there and delivers the report. */
export async function doctorClient(options: ClientOptions & ReportOptions): Promise<void> {
  const progress = new ProgressLine();
  const report = await examineClient(options, {
    reading: showReading(progress),
    asking: (text) => progress.show(() => text),
  });
  progress.end();
  deliver(report, options);
}
