// /tuf/: the operator's signed metadata and its targets. A path is looked up in a list of published files, never joined
// to a folder. The server also makes the repository at its first start, and renews snapshot and timestamp.

import type { ExpiryState } from '@moult/releases/repository';
import type { Notice } from '@moult/store';
import { answerPlainly } from '../../http/front.ts';
import type { Exchange, Site } from '../../http/site.ts';
import { createOpenFiles, isNotThere, serveBytes, serveFile } from '../../http/static-file/index.ts';
import { openPublication } from './publication.ts';
import { type KeeperParts, keepRepository } from './repository-keeper.ts';
import { createTrustRootCabinet, type RootSigner } from './trust-root-cabinet.ts';

interface TrustSite extends Site {
  /** Notices for an administrator: an end of validity that comes near, a renewal that fails. */
  notices(): Notice[];
  /** How long each role of the signed metadata still lasts. */
  expiries(): readonly ExpiryState[];
  /** True when this start made the repository: its keys are all on this server. */
  readonly isNew: boolean;
  close(): Promise<void>;
}

/** `directory`: the repository. Any fault of it is a notice, and the server goes on. */
export function createTrustSite(parts: KeeperParts & { signer?: RootSigner }): TrustSite {
  const keeper = keepRepository(parts);
  const publication = openPublication(parts.directory);
  const openFiles = createOpenFiles();
  const rootCabinet = parts.signer && createTrustRootCabinet(parts.directory, parts.signer, parts.now);

  async function send(exchange: Exchange): Promise<boolean> {
    const path = exchange.path.slice('/tuf/'.length);
    const found = path === 'trust-root.cab' ? await rootCabinet?.file() : publication.find(path);
    if (found === undefined) return false;
    if ('bytes' in found) serveBytes(exchange, found);
    else await serveFile(exchange, found, openFiles);
    return true;
  }

  return {
    name: 'trust',
    listeners: ['main', 'tls'],
    isNew: keeper.isNew,
    matches: ({ route }) => route.startsWith('/tuf/') || route === '/tuf',
    async serve(exchange) {
      try {
        if (await send(exchange)) return;
      } catch (error) {
        if (!isNotThere(error) || exchange.response.headersSent) throw error;
      }
      answerPlainly(exchange.response, 404, 'There is no such file here.');
    },
    notices: () => keeper.notices(),
    expiries: () => keeper.expiries(),
    async close() {
      keeper.close();
      await openFiles.close();
    },
  };
}
