// Files about an ACME authority, in DIR/keys: the key of its account, and the certificate with its key.
import { writePrivateFile } from '../data-dir/private-files.ts';
import { openKeyFolder } from './key-files.ts';

export interface AcmeFiles {
  /** The key of the account (PEM). Undefined before the first order. */
  accountKey(): string | undefined;
  saveAccountKey(pem: string): void;
  /** Chain and key in one file (PEM), so that they always fit. Undefined before the first one. */
  certificate(): string | undefined;
  saveCertificate(pem: string): void;
  /** The file of `certificate`. */
  certificatePath: string;
  /** How the last orders went, as JSON. It outlives restarts, so that a server that restarts often does not order often. */
  tries(): string | undefined;
  saveTries(json: string): void;
}

/** Reading throws as readOwnFile does, writing as the system does. Each file is written whole or not at all, for its owner only. */
export function openAcmeFiles(dataDir: string): AcmeFiles {
  const folder = openKeyFolder(dataDir);
  const read = (name: string) => folder.read(name)?.toString();
  const write = (name: string) => (content: string) => writePrivateFile(folder.pathOf(name), content);
  return {
    accountKey: () => read('acme-account.key.pem'),
    saveAccountKey: write('acme-account.key.pem'),
    certificate: () => read('acme-tls.pem'),
    saveCertificate: write('acme-tls.pem'),
    certificatePath: folder.pathOf('acme-tls.pem'),
    tries: () => read('acme-tries.json'),
    saveTries: write('acme-tries.json'),
  };
}
