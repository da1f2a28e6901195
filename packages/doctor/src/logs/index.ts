export type { LogProgress } from './read-logs.ts';
export { examineLogs, megabytes } from './report.ts';
