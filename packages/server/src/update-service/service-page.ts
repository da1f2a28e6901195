// The page of a service for a GET, as ASP.NET shows it: it names the operations, and with ?wsdl the contract, with the
// address under which it was asked.
import { readFile } from 'node:fs/promises';
import { repositoryFile } from '@moult/disk';
import { escapeText } from '@moult/formats/xml';
import type { Operation, Service } from '@moult/protocol/soap';
import { calledAddress } from '../http/called-host.ts';
import { answerPlainly } from '../http/front.ts';
import type { Exchange } from '../http/site.ts';

/** Names one of the contracts in packages/protocol/wsdl. */
export type Contract = 'client' | 'simpleauth' | 'reporting' | 'dssauth' | 'serversync';

type AnyService = Service<Record<string, Operation<unknown, unknown>>>;

/** Answers every request except POST. */
export async function showService(exchange: Exchange, service: AnyService, contract: Contract): Promise<void> {
  const { request, response } = exchange;
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD, POST');
    return answerPlainly(response, 405, 'POST only.');
  }
  if (/^(single)?wsdl(&|=|$)/i.test(exchange.query)) {
    return send(exchange, 'text/xml; charset=utf-8', await contractAt(contract, calledAddress(exchange)));
  }
  send(exchange, 'text/html; charset=utf-8', pageOf(exchange, service));
}

/** Read once: whoever asks for one thousands of times in a row must not open it as often. */
const contracts = new Map<Contract, Promise<string>>();

function loadContract(contract: Contract): Promise<string> {
  const known = contracts.get(contract);
  if (known) return known;
  const text = readFile(repositoryFile(`packages/protocol/wsdl/${contract}.wsdl`), 'utf8');
  contracts.set(contract, text);
  // One that could not be read is tried again.
  text.catch(() => contracts.delete(contract));
  return text;
}

/** The contract's text, every soap:address in it replaced. */
async function contractAt(contract: Contract, address: string): Promise<string> {
  const text = await loadContract(contract);
  const location = escapeText(address).replaceAll('"', '&quot;');
  return text.replace(/(<soap(?:12)?:address\s+location=")[^"]*/g, (_, opening: string) => opening + location);
}

function pageOf({ path }: Exchange, { operations, namespace }: AnyService): string {
  const shown = escapeText(path);
  const names = Object.keys(operations).map((name) => `<li>${name}</li>`);
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>${shown}</title></head>
<body><h1>Web service of an update server</h1>
<p>Clients and downstream servers talk to it with POST, as MS-WUSP and MS-WSUSSS describe. Namespace: <code>${namespace}</code>.</p>
<p>Contract: <a href="?wsdl">${shown}?wsdl</a></p>
<ul>${names.join('')}</ul></body></html>
`;
}

function send({ response }: Exchange, contentType: string, text: string): void {
  response.writeHead(200, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'private, max-age=0',
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "default-src 'none'",
  });
  response.end(text);
}
