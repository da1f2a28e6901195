// Certificates that the clients trust, from a file: PEM, or DER as Windows exports it (.cer).
import { X509Certificate } from 'node:crypto';
import { RequestError } from '../errors.ts';
import { readNamedFile } from '../named-file.ts';

/** PEM texts of the certificates in `file`. None for undefined. Throws RequestError for a file that holds none. */
export function readCa(file: string | undefined): string[] {
  if (file === undefined) return [];
  try {
    const bytes = readNamedFile(file);
    const blocks = bytes.toString('latin1').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
    return (blocks ?? [bytes]).map((block) => new X509Certificate(block).toString());
  } catch (error) {
    throw new RequestError(`--ca ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
