// Files over HTTP as IIS and nginx serve them: HEAD, ranges (several too), strong ETag, Last-Modified, conditional
// requests, exact lengths, never compressed. serveBytes for small files held in memory, serveFile for the rest.
export { createOpenFiles, isNotThere } from './open-files.ts';
export { createMemoryFile, type MemoryFile, serveBytes } from './serve-bytes.ts';
export { type FileOnDisk, serveFile } from './serve-file.ts';
