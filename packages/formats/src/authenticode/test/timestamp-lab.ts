// A time-stamp authority on this machine: openssl behind a small HTTP server. POST / speaks RFC 3161, POST /legacy the
// protocol before it (Microsoft's 1.3.6.1.4.1.311.3.2.1).
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { childrenOf, type DerElement, readDer, tags } from '../der.ts';
import type { SigningIdentity } from '../index.ts';

export interface TimestampLab extends AsyncDisposable {
  url: string;
  /** Answers a TimeStampReq without HTTP. */
  reply(request: Uint8Array): Uint8Array;
  close(): Promise<void>;
}

const config = (digest: string) => `[tsa]
default_tsa = lab
[lab]
serial = ./tsa.serial
signer_cert = ./tsa.pem
signer_key = ./tsa.key
certs = ./tsa-chain.pem
signer_digest = ${digest}
default_policy = 1.2.3.4
digests = sha1, sha256
ess_cert_id_alg = sha256
`;

export async function startTimestampLab(
  folder: string,
  authority: SigningIdentity,
  digest = 'sha256',
): Promise<TimestampLab> {
  writeFileSync(join(folder, 'tsa.cnf'), config(digest));
  writeFileSync(join(folder, 'tsa.serial'), '01\n');
  writeFileSync(join(folder, 'tsa.pem'), authority.certificatePem);
  writeFileSync(join(folder, 'tsa.key'), authority.privateKeyPem);
  writeFileSync(join(folder, 'tsa-chain.pem'), authority.chainPem.join('\n'));
  const openssl = (args: string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
  const reply = (request: Uint8Array) => {
    writeFileSync(join(folder, 'tsa.tsq'), request);
    openssl(['ts', '-reply', '-config', 'tsa.cnf', '-queryfile', 'tsa.tsq', '-out', 'tsa.tsr']);
    return new Uint8Array(readFileSync(join(folder, 'tsa.tsr')));
  };
  const countersign = (request: Buffer) => {
    writeFileSync(join(folder, 'legacy.bin'), innermostOctets(Buffer.from(request.toString('latin1'), 'base64')));
    const signer = ['-signer', 'tsa.pem', '-inkey', 'tsa.key', '-certfile', 'tsa-chain.pem', '-md', digest];
    const args = [
      'cms',
      '-sign',
      '-binary',
      '-nodetach',
      '-nosmimecap',
      '-in',
      'legacy.bin',
      '-outform',
      'DER',
      ...signer,
    ];
    return openssl(args).toString('base64');
  };
  const server: Server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray());
    const isLegacy = request.url === '/legacy';
    response.setHeader('content-type', isLegacy ? 'application/octet-stream' : 'application/timestamp-reply');
    try {
      response.end(isLegacy ? countersign(body) : reply(body));
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { url, reply, close, [Symbol.asyncDispose]: close };
}

/** The legacy request is SEQUENCE { OID, SEQUENCE { OID data, [0] { OCTET STRING } } }: the last element counts. */
function innermostOctets(der: Buffer): Uint8Array {
  let element = readDer(der);
  while (element.tag !== tags.octetString) element = childrenOf(element).at(-1) as DerElement;
  return element.content;
}
