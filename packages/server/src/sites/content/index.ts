// Update files: GET and HEAD under /Content/XX/HEX.ext, ranges in any order, in any letter case (MS-WUSP 2.2.2.5).
import type { ContentStore } from '@moult/store/content';
import { answerPlainly } from '../../http/front.ts';
import type { Exchange, Site } from '../../http/site.ts';
import { createOpenFiles, isNotThere, serveFile } from '../../http/static-file/index.ts';

interface ContentSite extends Site {
  close(): Promise<void>;
}

/** `missed` is told of each file that a client asked for and that is not here. */
export function createContentSite(content: ContentStore, missed: (sha1: string) => void): ContentSite {
  const openFiles = createOpenFiles();
  return {
    name: 'content',
    listeners: ['main', 'tls'],
    matches: ({ route }) => route.startsWith('/content/') || route === '/content',
    async serve(exchange) {
      const { method } = exchange.request;
      if (method !== 'GET' && method !== 'HEAD') {
        exchange.response.setHeader('Allow', 'GET, HEAD');
        return answerPlainly(exchange.response, 405, 'GET and HEAD only.');
      }
      const sha1 = digestIn(exchange.route);
      const name = sha1 && (await content.locate(sha1));
      if (sha1 && !name) missed(sha1);
      if (!name) return answerPlainly(exchange.response, 404, 'There is no such file here.');
      await send(exchange, { name, sha1 });
    },
    close: () => openFiles.close(),
  };

  async function send(exchange: Exchange, { name, sha1 }: { name: string; sha1: string }): Promise<void> {
    try {
      const place = { folder: content.folder, name };
      const file = { ...place, contentType: 'application/octet-stream', etag: `"${sha1}"` };
      await serveFile(exchange, file, openFiles);
    } catch (error) {
      // Taken away behind our back: for clients it is not there.
      if (!isNotThere(error) || exchange.response.headersSent) throw error;
      answerPlainly(exchange.response, 404, 'There is no such file here.');
    }
  }
}

/** The SHA-1 that a content path names. Undefined when its folder or its shape is not that of content. */
function digestIn(route: string): string | undefined {
  const [, folder, sha1] = /^\/content\/([\da-f]{2})\/([\da-f]{40})(?:\.[\w-]{1,16})?$/.exec(route) ?? [];
  return sha1 !== undefined && folder === sha1.slice(-2) ? sha1 : undefined;
}
