// moult doctor client: on the machine itself, or from files that somebody sent in.
import { machineAt } from '@moult/agent';
import { type ClientOptions, examineClient } from '@moult/doctor/client';
import { deliver, ProgressLine, type ReportOptions } from './deliver.ts';
import { showReading } from './logs.ts';

/** Reads what is there and delivers the report. */
export async function doctorClient(options: ClientOptions & ReportOptions): Promise<void> {
  const progress = new ProgressLine();
  const told = { reading: showReading(progress), asking: (text: string) => progress.show(() => text) };
  const report = await examineClient(options, told, machineAt);
  progress.end();
  deliver(report, options);
}
