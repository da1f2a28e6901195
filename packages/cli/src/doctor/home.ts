// moult doctor content and moult doctor self: the server's own end of the ladder.
import { examineContent, examineSelf, type HomeOptions } from '@moult/doctor/home';
import { deliver, ProgressLine, type ReportOptions } from './deliver.ts';

/** Checks the content folder and delivers the report. */
export async function doctorContent(options: HomeOptions & ReportOptions): Promise<void> {
  const progress = new ProgressLine();
  const report = await examineContent(options, (text) => progress.show(() => text));
  progress.end();
  deliver(report, options);
}

/** Checks this server and delivers the report. */
export async function doctorSelf(options: HomeOptions & ReportOptions): Promise<void> {
  deliver(await examineSelf(options), options);
}
