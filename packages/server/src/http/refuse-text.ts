// A refusal in one sentence of plain text, for those who look with a browser.
import type { Exchange } from './site.ts';

export function refuseText({ request, response }: Exchange, status: number, sentence: string): void {
  if (status === 405) response.setHeader('allow', 'GET, HEAD');
  const body = `${sentence}\n`;
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}
