// Preloaded: the disk is full for every file whose path matches MOULT_TEST_FULL_DISK.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const paths = new RegExp(process.env.MOULT_TEST_FULL_DISK ?? '$^');
const full = new Set();
const { openSync, writeSync, closeSync } = fs;

fs.openSync = (path, flags = 'r', ...rest) => {
  const handle = openSync(path, flags, ...rest);
  const isWritten =
    typeof flags === 'number' ? (flags & (fs.constants.O_WRONLY | fs.constants.O_RDWR)) !== 0 : flags !== 'r';
  if (isWritten && paths.test(realPath(String(path)))) full.add(handle);
  return handle;
};
fs.closeSync = (handle) => {
  full.delete(handle);
  closeSync(handle);
};
fs.writeSync = (handle, ...rest) => {
  if (full.has(handle)) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  return writeSync(handle, ...rest);
};

/** Folders that are held open are written to as /proc/self/fd/N/NAME. */
function realPath(path) {
  const [, descriptor, name] = /^(\/proc\/self\/fd\/\d+)\/(.*)$/.exec(path) ?? [];
  return descriptor === undefined ? path : `${fs.readlinkSync(descriptor)}/${name}`;
}

syncBuiltinESMExports();
