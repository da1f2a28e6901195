// What other packages may use of the server.
export { type Logger, openLog } from './log/log.ts';
export { type RunningServer, type ServerParts, startServer } from './main.ts';
export * from './sites/self-update/index.ts';
