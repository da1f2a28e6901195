export { renderHtml } from './html.ts';
export { paintWith } from './paint.ts';
export { redactReport } from './redact.ts';
export type { DoctorReport } from './report.ts';
export { renderText } from './text.ts';
