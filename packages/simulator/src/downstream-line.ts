// The line of a simulated downstream server to its upstream server: one SOAP call, in the shape of the stack that is
// played.

import { defaultXmlLimits } from '@moult/formats/xml';
import { decodeXpress } from '@moult/formats/xpress';
import {
  type Operation,
  type RequestOf,
  type ResponseOf,
  readAnswer,
  type Service,
  soapActionOf,
  writeCall,
} from '@moult/protocol/soap';

/** The client stack that is played. WSUS calls by .NET's ASMX proxies, newer software by WCF. */
export type DownstreamShape = 'asmx' | 'wcf';

export interface DownstreamLine {
  /**
   * The answer to one call. Throws DownstreamTrouble for a fault, for a status other than 200, and for an answer that
   * cannot be read.
   */
  call<Operations extends Record<string, Operation<unknown, unknown>>, Name extends keyof Operations & string>(
    service: Service<Operations>,
    name: Name,
    parameters: RequestOf<Operations[Name]>,
    path?: string,
  ): Promise<ResponseOf<Operations[Name]>>;
  /** Of all calls until now. */
  readonly calls: number;
  readonly bytes: number;
}

interface LineOptions {
  upstream: URL;
  shape: DownstreamShape;
  /** Asks for packed answers, as WSUS does. */
  isPacked: boolean;
  /** Of one call. */
  timeoutMs: number;
  /** Of one answer, as it arrives and unpacked. */
  answerBytes: number;
}

/** The upstream server did not answer as a downstream server needs it. */
export class DownstreamTrouble extends Error {
  /** The fault's code. Undefined for other troubles. */
  readonly code: string | undefined;

  constructor(message: string, code?: string) {
    super(message);
    this.name = 'DownstreamTrouble';
    this.code = code;
  }
}

export function openLine({ upstream, shape, isPacked, timeoutMs, answerBytes }: LineOptions): DownstreamLine {
  let calls = 0;
  let bytes = 0;
  return {
    async call(service, name, parameters, path = service.paths[0] ?? '') {
      const played = { ...service, callEnvelope: shape === 'asmx' ? ('soap' as const) : ('s' as const) };
      const response = await post(new URL(path, upstream), {
        body: writeCall(played, name, parameters),
        headers: {
          'content-type': 'text/xml; charset=utf-8',
          soapaction: `"${soapActionOf(service, name)}"`,
          'accept-encoding': isPacked ? 'xpress' : 'identity',
          'user-agent': 'Windows-Update-Agent',
        },
      });
      calls++;
      bytes += response.arrived;
      // A fault of SOAP has 500.
      if (response.status !== 200 && response.status !== 500)
        throw new DownstreamTrouble(`${name} was answered with HTTP ${response.status}`);
      return readSaid(name, response, () =>
        readAnswer(service, name, response.text, { ...defaultXmlLimits, maxCharacters: answerBytes }),
      );
    },
    get calls() {
      return calls;
    },
    get bytes() {
      return bytes;
    },
  };

  async function post(url: URL, { body, headers }: { body: string; headers: Record<string, string> }) {
    const request = {
      method: 'POST',
      body,
      headers,
      redirect: 'manual' as const,
      signal: AbortSignal.timeout(timeoutMs),
    };
    try {
      return await received(await fetch(url, request));
    } catch (error) {
      if (error instanceof DownstreamTrouble) throw error;
      throw new DownstreamTrouble(`${url} does not answer: ${reasonOf(error)}`);
    }
  }

  async function received(response: Response) {
    const pieces: Uint8Array[] = [];
    let arrived = 0;
    for await (const piece of response.body ?? []) {
      arrived += piece.length;
      if (arrived > answerBytes) throw new DownstreamTrouble(`${response.url} sends more than ${answerBytes} bytes`);
      pieces.push(piece);
    }
    const whole = Buffer.concat(pieces);
    const isXpress = response.headers.get('content-encoding')?.toLowerCase() === 'xpress';
    const text = Buffer.from(isXpress ? decodeXpress(whole, { maxBytes: answerBytes }, 'wusp') : whole).toString();
    return { status: response.status, text, arrived };
  }
}

function readSaid<Value>(
  name: string,
  { status }: { status: number },
  read: () =>
    | { kind: 'answer'; value: Value }
    | { kind: 'fault'; fault: { code: string | undefined; message: string } },
): Value {
  let said: ReturnType<typeof read>;
  try {
    said = read();
  } catch (error) {
    throw new DownstreamTrouble(`the answer to ${name} (HTTP ${status}) cannot be read: ${reasonOf(error)}`);
  }
  if (said.kind === 'answer') return said.value;
  const { code, message } = said.fault;
  throw new DownstreamTrouble(`${name} was refused: ${[code, message].filter(Boolean).join(', ')}`, code ?? 'unknown');
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message : String(cause);
}
