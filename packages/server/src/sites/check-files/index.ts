// Two small files that troubleshooting guides for WSUS have administrators open in a browser: WSUS has them on its
// disk, and whoever finds them missing takes the server for broken.
import type { Exchange, Site } from '../../http/site.ts';

interface CheckFile {
  contentType: string;
  text: string;
}

// How WSUS's own file looks inside is not published. It is opened because XML comes. It says nothing that
// GetConfig does not tell every client.
const serverVersionFile =
  '<?xml version="1.0" encoding="utf-8"?>\r\n<WusServerVersion><ProtocolVersion>3.2</ProtocolVersion></WusServerVersion>\r\n';

const files: ReadonlyMap<string, CheckFile> = new Map([
  ['/clientwebservice/wusserverversion.xml', { contentType: 'text/xml; charset=utf-8', text: serverVersionFile }],
  // Empty with WSUS too: a blank page is the good answer.
  ['/content/anonymouscheckfile.txt', { contentType: 'text/plain; charset=utf-8', text: '' }],
]);

/** Answers GET and HEAD, in any letter case of the path, to everybody. */
export function createCheckFilesSite(): Site {
  return {
    name: 'check-files',
    listeners: ['main', 'tls'],
    matches: ({ route }) => files.has(route),
    serve({ request, response, route }: Exchange) {
      const { contentType, text } = files.get(route) ?? { contentType: 'text/plain', text: '' };
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        response.writeHead(405, { Allow: 'GET, HEAD', 'Content-Length': 0 }).end();
        return;
      }
      response.writeHead(200, {
        'Content-Type': contentType,
        'Content-Length': Buffer.byteLength(text),
        'Cache-Control': 'no-cache',
        'X-Content-Type-Options': 'nosniff',
      });
      response.end(request.method === 'HEAD' ? undefined : text);
    },
  };
}
