// /agent/: the installers of the agent, for a client that has nothing yet. Moult looks a path up in a list of made
// files, and never joins it to a folder. A client does not need to trust this site. The pasted line contains the digest
// of the script, and the script contains the digests of the bundles.
import { statSync } from 'node:fs';
import type { Platform } from '@moult/releases/bundle';
import { answerPlainly } from '../../http/front.ts';
import type { Exchange, Site } from '../../http/site.ts';
import { createOpenFiles, isNotThere, serveFile } from '../../http/static-file/index.ts';
import {
  bundlesFolder,
  indexFile,
  type KeptBundles,
  type KeptFile,
  readKeptBundles,
  type ScriptName,
} from './kept-bundles.ts';

export { installLinesOf, readInstallLines } from './install-lines.ts';
export { type KeptBundles, makeKeptBundles } from './kept-bundles.ts';

interface AgentBundlesSite extends Site {
  close(): Promise<void>;
}

const notMade = 'No installer of the agent was made here. On the server, run "moult agent install-line".';

/** Answers GET and HEAD below /agent/, in any letter case of the path, to everybody. */
export function createAgentBundlesSite(dataDir: string): AgentBundlesSite {
  const openFiles = createOpenFiles();
  const folder = bundlesFolder(dataDir);
  let stamp = '';
  let kept: KeptBundles | undefined;

  const find = (route: string): KeptFile | undefined => {
    const now = stampOf(indexFile(dataDir));
    if (now !== stamp) [stamp, kept] = [now, readKeptBundles(dataDir)];
    return kept && fileOf(kept, route.slice('/agent/'.length));
  };

  return {
    name: 'agent-bundles',
    listeners: ['main', 'tls'],
    matches: ({ route }) => route.startsWith('/agent/') || route === '/agent',
    async serve(exchange: Exchange) {
      const { method } = exchange.request;
      if (method !== 'GET' && method !== 'HEAD') {
        exchange.response.setHeader('Allow', 'GET, HEAD');
        return answerPlainly(exchange.response, 405, 'GET and HEAD only.');
      }
      const found = find(exchange.route);
      if (!found) return answerPlainly(exchange.response, 404, kept ? 'There is no such file here.' : notMade);
      const { file, sha256 } = found;
      const contentType = /\.(?:sh|ps1)$/.test(file) ? 'text/plain; charset=utf-8' : 'application/octet-stream';
      try {
        const place = { folder, name: file };
        await serveFile(exchange, { ...place, contentType, etag: `"${sha256}"`, cacheControl: 'no-cache' }, openFiles);
      } catch (error) {
        // Made again a moment ago.
        if (!isNotThere(error) || exchange.response.headersSent) throw error;
        answerPlainly(exchange.response, 404, 'There is no such file here.');
      }
    },
    close: () => openFiles.close(),
  };
}

function fileOf({ bundles, scripts }: KeptBundles, name: string): KeptFile | undefined {
  if (Object.hasOwn(scripts, name)) return scripts[name as ScriptName];
  return Object.hasOwn(bundles, name) ? bundles[name as Platform] : undefined;
}

function stampOf(file: string): string {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats ? `${stats.ino} ${stats.mtimeMs} ${stats.size}` : '';
}
