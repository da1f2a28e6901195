// The name of a Linux or macOS: os-release(5), and on macOS, which has no such file, the same fields from its own
// version file.

import { join } from 'node:path';
import { readIfThere } from '@moult/disk';

/**
 * A field such as ID or VERSION_ID, from the system below `base`. null: it has no such field. Undefined: no file. Throws
 * DiskError for a file that cannot be read.
 */
export function osRelease(base: string, field: string): string | null | undefined {
  for (const place of ['etc/os-release', 'usr/lib/os-release']) {
    const bytes = readIfThere(join(base, place));
    if (bytes) return fieldOf(bytes.toString('utf8'), field);
  }
  const mac = readIfThere(join(base, 'System/Library/CoreServices/SystemVersion.plist'));
  return mac && macField(mac.toString('utf8'), field);
}

/** Of a field written twice the last counts, as for the shell. */
function fieldOf(text: string, field: string): string | null {
  const line = text.split(/\r?\n/).findLast((one) => one.startsWith(`${field}=`));
  return line === undefined ? null : unquoted(line.slice(field.length + 1).trim());
}

function unquoted(text: string): string {
  if (/^'.*'$/.test(text)) return text.slice(1, -1);
  return (/^".*"$/.test(text) ? text.slice(1, -1) : text).replace(/\\([\\"$`'])/g, '$1');
}

const macKeys: Readonly<Record<string, string>> = {
  NAME: 'ProductName',
  VERSION: 'ProductVersion',
  VERSION_ID: 'ProductVersion',
  BUILD_ID: 'ProductBuildVersion',
};

function macField(plist: string, field: string): string | null {
  if (field === 'ID') return 'macos';
  const key = macKeys[field];
  return key === undefined
    ? null
    : (new RegExp(`<key>${key}</key>\\s*<string>([^<]*)</string>`).exec(plist)?.[1] ?? null);
}
