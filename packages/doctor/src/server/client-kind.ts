// The kinds of clients that a server is looked at as: os=XP,arch=x86,lang=EN[,version=5.4.0.1][,agent=moult].
import {
  isArchitecture,
  isOperatingSystem,
  moultAgentHeader,
  type SelfUpdateClient,
} from '@moult/protocol/self-update';
import { RequestError } from '../errors.ts';

export interface ClientKind extends SelfUpdateClient {
  /** Moult's own agents name themselves, so that a server with Microsoft's tree gives them theirs. */
  moult: boolean;
}

/** The systems that the page "Automatic Updates Must Be Updated" names: the three folders every WSUS tree has. */
export const defaultClientKinds: readonly ClientKind[] = [kind('XP'), kind('W2K'), kind('NetServer')];

/** Reads one --client value. Throws RequestError. */
export function parseClientKind(text: string): ClientKind {
  const values = new Map(
    text.split(',').map((part) => {
      const [name = '', ...rest] = part.split('=');
      return [name.trim().toLowerCase(), rest.join('=').trim()] as const;
    }),
  );
  const os = values.get('os') ?? 'XP';
  const known = ['NetServer', 'W2K', 'XP', 'Windows', 'Linux', 'Darwin'].find(
    (name) => name.toLowerCase() === os.toLowerCase(),
  );
  const architecture = (values.get('arch') ?? 'x86').toLowerCase();
  const language = values.get('lang') ?? 'EN';
  if (!known || !isOperatingSystem(known))
    throw new RequestError(`--client os=${os}: one of NetServer, W2K, XP, Windows, Linux, Darwin`);
  if (!isArchitecture(architecture)) throw new RequestError(`--client arch=${architecture}: one of x86, x64, arm64`);
  if (!/^[a-z]{2,4}([-_]?[a-z]{2,4})?$/i.test(language))
    throw new RequestError(`--client lang=${language}: a language abbreviation, such as EN`);
  for (const name of values.keys()) {
    if (!['os', 'arch', 'lang', 'version', 'agent'].includes(name))
      throw new RequestError(`--client ${name}: unknown; os, arch, lang, version, agent`);
  }
  return {
    os: known,
    architecture,
    language,
    version: values.get('version') ?? '5.4.0.0',
    moult: values.get('agent') === 'moult',
  };
}

/** Headers this kind of client sends. */
export function headersOf(client: ClientKind, generation: 'sus' | 'wsus'): Record<string, string> {
  const agent = generation === 'sus' ? 'Industry Update Control' : 'Windows-Update-Agent';
  return { 'User-Agent': agent, ...(client.moult ? { [moultAgentHeader.name]: moultAgentHeader.value } : {}) };
}

export function describeClientKind({ os, architecture, language, moult }: ClientKind): string {
  return `${os} ${architecture} ${language}${moult ? ' (Moult agent)' : ''}`;
}

function kind(os: 'XP' | 'W2K' | 'NetServer'): ClientKind {
  return { os, architecture: 'x86', language: 'EN', version: '5.4.0.0', moult: false };
}
