// What other packages may use of the server.
export * from './config/index.ts';
export { smallMemoryBytes, thisMachine } from './config/machine.ts';
export { type DiskFigures, inspectDisks } from './disk-room/index.ts';
export { type Logger, openLog } from './log/log.ts';
export { type RunningServer, type ServerParts, startServer } from './main.ts';
export * from './sites/self-update/index.ts';
