// Identifiers of Windows Installer that follow from what they name.
import { createHash } from 'node:crypto';

/** A GUID that is always the same for the same text, in capitals and braces. */
export function guidOf(text: string): string {
  const hex = createHash('sha256').update(`moult installer ${text}`).digest('hex').toUpperCase();
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `5${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ];
  return `{${parts.join('-')}}`;
}
