// The rules of administration, for commands and pages alike.
export { type DiskFigures, inspectDisks, writtenFolders } from './disks.ts';
export { findComputer, findDecidable, findUpdate, guidIn } from './find.ts';
export { administrator } from './system-user.ts';
