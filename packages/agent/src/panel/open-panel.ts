// The panel on a loopback address of its own. Browsers send a cookie to every port of a host. So all programs of this
// computer share 127.0.0.1, but not another address of 127.0.0.0/8.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { visibleText } from '@moult/formats/text';
import type { MachineRoot } from '../machine/machine-root.ts';
import { assets } from './assets.ts';
import { type PanelBrand, panelBrand } from './brand.ts';
import { requireChoice, type UpdateChoice } from './choice.ts';
import { createGate, createRate, isOwnForm } from './gate.ts';
import { type Flash, panelNews, renderPanel, renderSentence } from './page.ts';
import { panelBounds } from './panel-bounds.ts';
import { type PanelState, readPanel, requireCheckAllowed, saveChoice } from './state.ts';

interface PanelParts {
  root: MachineRoot;
  now(): Date;
  random(bytes: number): Buffer;
  /** Asks for a check, or begins one. Answers at once, with one sentence. */
  check(): string;
  /** Default `panel.idle-ms`. */
  idleMs?: number;
}

export interface OpenPanel {
  /** With the token. It works once. */
  url: string;
  /** Settles when the panel was not used for its idle time, or was closed. */
  ended: Promise<void>;
  close(): Promise<void>;
}

const headers = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  // Not no-referrer: a browser then says "null" for the origin of the page's own forms.
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

/** Throws the errors of listening. The page tells later errors. */
export async function openPanel(parts: PanelParts): Promise<OpenPanel> {
  const panel = new Panel(parts);
  await panel.listen();
  return panel;
}

class Panel implements OpenPanel {
  readonly ended: Promise<void>;
  readonly #parts: PanelParts;
  readonly #brand: PanelBrand;
  readonly #gate;
  readonly #mayAsk = createRate(() => performance.now());
  readonly #settle: () => void;
  readonly #server: Server;
  #host = '';
  #idle: NodeJS.Timeout | undefined;
  #flash: Flash | undefined;

  constructor(parts: PanelParts) {
    this.#parts = parts;
    this.#brand = panelBrand(parts.root);
    this.#gate = createGate(parts.random);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#settle = resolve;
    const limits = { maxHeaderSize: 8192, headersTimeout: 10_000, requestTimeout: 10_000, keepAliveTimeout: 5000 };
    this.#server = createServer(limits, (request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
    this.#server.maxConnections = panelBounds.maxConnections;
  }

  get url(): string {
    return `${this.#origin}/open?token=${this.#gate.token}`;
  }

  async listen(): Promise<void> {
    const [a = 0, b = 0, c = 0] = this.#parts.random(3);
    const own = `127.${1 + (a % 254)}.${b}.${1 + (c % 254)}`;
    // macOS has one address for itself.
    await listenAt(this.#server, own).catch(() => listenAt(this.#server, '127.0.0.1'));
    const { address, port } = this.#server.address() as AddressInfo;
    this.#host = `${address}:${port}`;
    this.#used();
  }

  async close(): Promise<void> {
    clearTimeout(this.#idle);
    this.#server.close();
    this.#server.closeAllConnections();
    this.#settle();
  }

  get #noSession(): string {
    const again = `Run “${this.#brand.command}” again for a new one.`;
    return `Open the address that the command printed. It works once, in one browser. ${again}`;
  }

  get #origin(): string {
    return `http://${this.#host}`;
  }

  /** A person did something. Requests that the script of the page sends by itself do not count. */
  #used(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => void this.close(), this.#parts.idleMs ?? panelBounds.idleMs);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const hosts = request.headersDistinct.host ?? [];
    if (hosts.length !== 1 || hosts[0] !== this.#host)
      return this.#refuse(response, 421, 'Wrong address', `This panel answers at ${this.#origin} only.`);
    if (!this.#mayAsk()) return this.#refuse(response, 429, 'Too many requests', 'Wait a minute, and try again.');
    const target = request.url ?? '/';
    const url = new URL(URL.canParse(target, this.#origin) ? target : '/nothing', this.#origin);
    const asked = `${request.method === 'HEAD' ? 'GET' : request.method} ${url.pathname}`;
    if (asked === 'GET /open') return this.#open(request, response, url.searchParams.get('token') ?? '');
    if (!this.#gate.hasSession(request)) return this.#refuse(response, 401, 'Not open', this.#noSession);
    if (asked === 'GET /icon' && this.#brand.icon) return sendPicture(response, this.#brand.icon);
    const asset = asked.startsWith('GET ') ? assets[url.pathname] : undefined;
    if (asset) return send(response, 200, asset.type, asset.text);
    if (asked === 'GET /state') return this.#sendNews(response);
    if (asked === 'GET /') return this.#sendPage(response);
    if (asked === 'POST /choice' || asked === 'POST /check') return this.#act(request, response, url.pathname);
    return this.#refuse(response, 404, 'Not found', 'The panel has one page.');
  }

  #open(request: IncomingMessage, response: ServerResponse, token: string): void {
    // Something that only looks at addresses must not use it up.
    const cookie = request.method === 'GET' ? this.#gate.exchange(token) : undefined;
    if (cookie === undefined && !this.#gate.hasSession(request)) {
      this.#refuse(response, 401, 'Not open', this.#noSession);
      return;
    }
    if (cookie !== undefined) response.setHeader('set-cookie', cookie);
    this.#used();
    goHome(response);
  }

  async #sendPage(response: ServerResponse): Promise<void> {
    this.#used();
    const flash = this.#flash;
    this.#flash = undefined;
    const state = await this.#tryRead(response);
    const { product, icon, tabIcon } = this.#brand;
    const page = state && renderPanel({ state, product, hasIcon: icon !== undefined, tabIcon, flash });
    if (page) send(response, 200, 'text/html; charset=utf-8', page);
  }

  async #sendNews(response: ServerResponse): Promise<void> {
    const state = await this.#tryRead(response);
    if (state) send(response, 200, 'application/json; charset=utf-8', JSON.stringify(panelNews(state)));
  }

  async #tryRead(response: ServerResponse): Promise<PanelState | undefined> {
    try {
      return await readPanel(this.#parts.root, this.#parts.now());
    } catch (error) {
      this.#refuse(response, 503, 'The state of the agent cannot be read', sentenceOf(error));
      return undefined;
    }
  }

  async #act(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    if (!isOwnForm(request, this.#origin))
      return this.#refuse(response, 403, 'Refused', 'This form does not come from the panel itself.');
    if (!/^application\/x-www-form-urlencoded\b/i.test(request.headers['content-type'] ?? ''))
      return this.#refuse(response, 415, 'Refused', 'The panel takes forms only.');
    const body = await readBody(request, panelBounds.maxBodyBytes);
    if (body === undefined) {
      response.setHeader('connection', 'close');
      return this.#refuse(response, 413, 'Too large', `The limit of a form is ${panelBounds.maxBodyBytes} bytes.`);
    }
    this.#used();
    try {
      this.#flash = { text: await this.#do(path, new URLSearchParams(body)), isError: false };
    } catch (error) {
      this.#flash = { text: sentenceOf(error), isError: true };
    }
    goHome(response);
  }

  async #do(path: string, fields: URLSearchParams): Promise<string> {
    const { root, now, check } = this.#parts;
    if (path === '/check') {
      requireCheckAllowed(root);
      return check();
    }
    saveChoice(root, choiceIn(fields, await readPanel(root, now())));
    return 'Saved. The agent goes by it within half a minute.';
  }

  #refuse(response: ServerResponse, status: number, title: string, sentence: string): void {
    send(response, status, 'text/html; charset=utf-8', renderSentence(this.#brand.product, title, sentence));
  }
}

/** A browser does not send greyed fields. Their values stay. The SUS client says off by its check box. */
function choiceIn(fields: URLSearchParams, { face, choice, decided }: PanelState): UpdateChoice {
  const isOff = face === 'sus' && fields.get('on') !== '1';
  const mode = decided.mode ? choice.mode : isOff ? 'off' : (fields.get('mode') ?? '');
  const number = (name: string, otherwise: number) =>
    fields.has(name) ? Number(fields.get(name) || Number.NaN) : otherwise;
  return requireChoice(mode, number('day', choice.day), number('hour', choice.hour));
}

/** Undefined: it is larger. The rest is not read. */
async function readBody(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > maxBytes) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function sentenceOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return visibleText(message.split('\n')[0] ?? '');
}

function goHome(response: ServerResponse): void {
  response.writeHead(303, { location: '/', 'content-length': 0 }).end();
}

/** A picture is a document of its own in a browser: a script in it must not be run there. */
function sendPicture(response: ServerResponse, { type, bytes }: NonNullable<PanelBrand['icon']>): void {
  response.setHeader('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; sandbox");
  send(response, 200, type, bytes);
}

function send(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

function listenAt(server: Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, address, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
