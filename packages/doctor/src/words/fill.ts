// Fills the {placeholders} of a page. A part of a sentence without a known value is left out. Or a noun stands for the
// value: no sentence has a gap, and no command or address has a word in it that stands for something.

export type Values = Readonly<Record<string, string>>;

/** The word for a thing without a name. Commands and addresses never get these words. */
const nouns: Values = {
  server: 'the server',
  host: 'the server',
  site: 'the site',
  client: 'the client',
  path: 'a file',
  file: 'a file',
  files: 'the files',
  signer: 'an unknown signer',
  issuer: 'a gateway',
  kind: 'client of unknown kind',
  method: 'HEAD or POST',
  activity: 'activity',
  count: 'several',
  days: 'several',
  policy: 'a policy about updates',
  proxy: 'of WinHTTP',
  service: 'a service',
  lines: 'lines',
  setting: 'the server',
  // SUS clients look there. An administrator can choose another port.
  treePort: '80',
};

/** Values that say nothing. */
const empty =
  /^(?:|not named|no code|none|see the evidence|of its own log|an? unknown .*|not in the table of known codes|the server|this server|the client|the package|http:\/\/SERVER)$/i;

/** The values of an observation, and what follows from them: `base` (scheme, host and port), `host`, `port`. */
export function deriveValues(given: Values): Values {
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    const clean = withoutNotes(value);
    if (!empty.test(clean.trim()) || isOwnName(name, clean)) values[name] = clean;
  }
  const base = baseOf(values);
  if (base === undefined) return values;
  const url = new URL(base);
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return { ...values, base, host: url.hostname, port };
}

/** `this server` is a name in a sentence, and none in an address. */
function isOwnName(name: string, value: string): boolean {
  return name === 'server' && /^this server$/i.test(value.trim());
}

function baseOf({ base, url, server }: Record<string, string>): string | undefined {
  const address = base ?? url;
  const found = address === undefined ? undefined : /^https?:\/\/[^\s/?#"]+/i.exec(address)?.[0];
  if (found !== undefined && URL.canParse(found)) return found.toLowerCase().replace(/[.,;:]+$/, '');
  const isHost =
    server !== undefined &&
    /^(?:[\w-]+(?:\.[\w-]+)*|\[[0-9a-f:]+\])(?::\d{1,5})?$/i.test(server) &&
    !/^this server$/i.test(server);
  if (!isHost) return undefined;
  const guess = /:(?:8531|443)$/.test(server) ? `https://${server}` : `http://${server}`;
  return URL.canParse(guess) ? guess.toLowerCase() : undefined;
}

/** The source of a table's row is not said in sentences. */
function withoutNotes(value: string): string {
  return value
    .replaceAll(/\s*\((?:[^()]*;\s*)?(?:number|name) from memory, uncertain\)/gi, '')
    .replaceAll(/\s*\((?:uncertain|inferred)\)/gi, '');
}

/** The text with everything that is known in its place. Empty if no part of it is left. */
export function fillIn(text: string, values: Values): string {
  const prepared = text
    .replaceAll(/`(moult doctor (?:server|tls)) (?:http:\/\/)?\{(?:server|url|base)\}`/g, (_, command) =>
      values.base ? `\`${command} {base}\`` : `\`${command}\` with the address of the server`,
    )
    .replaceAll(/https?:\/\/\{server\}(?=\/)/g, values.base ? '{base}' : '');
  return sentencesOf(prepared)
    .map((sentence) => fillSentence(sentence, values))
    .filter((sentence) => sentence !== '')
    .join(' ');
}

/** A sentence ends with its mark before a blank and a capital letter. Marks in commands do not count. */
function sentencesOf(text: string): string[] {
  return text.split(/(?<=[.!?])\s+(?=[A-Z"{`(])(?=(?:[^`]*`[^`]*`)*[^`]*$)/);
}

function fillSentence(sentence: string, values: Values): string {
  let rest = sentence;
  const isMissing = (part: string) => [...part.matchAll(/\{(\w+)\}/g)].some(([, name = '']) => !values[name]);
  // A remark in brackets, and the text behind the colon at the end, may be missing.
  rest = rest.replaceAll(/\s*\(([^()]*\{\w+\}[^()]*)\)/g, (part) => (isMissing(part) ? '' : part));
  rest = rest.replace(/:\s*([^:]*\{\w+\}[^:]*)$/, (part, inner: string) =>
    isMissing(part) && !isNounOnly(inner, values) ? '.' : part,
  );
  let isWhole = true;
  const filled = rest.replaceAll(/\{(\w+)\}/g, (_, name: string, at: number) => {
    const value = values[name];
    if (value) return at === 0 ? asBeginning(endless(value, rest, at, name)) : endless(value, rest, at, name);
    const before = rest.slice(0, at);
    const isCode = /[/:@]$/.test(before) || (before.match(/`/g)?.length ?? 0) % 2 === 1;
    const word = isCode ? undefined : nouns[name];
    if (word === undefined) isWhole = false;
    return at === 0 ? `${word?.[0]?.toUpperCase()}${word?.slice(1)}` : (word ?? '');
  });
  return isWhole ? filled.replaceAll(/\s+([.,;:])(?=\s|$)/g, '$1').trim() : '';
}

/** True where nouns can stand for all that is missing. */
function isNounOnly(part: string, values: Values): boolean {
  return (
    part.replaceAll(/\{(\w+)\}/g, (_, name: string) => (values[name] || nouns[name] ? '' : '{')).includes('{') ===
      false && /[a-z]{3}/i.test(part.replaceAll(/\{\w+\}/g, ''))
  );
}

/** An ordinary word begins a sentence with a capital. Names of hosts, files and codes stay as they are. */
function asBeginning(value: string): string {
  return /^[a-z]+(?:'s)?(?:\s|$)/.test(value) && /\s/.test(value)
    ? `${value[0]?.toUpperCase()}${value.slice(1)}`
    : value;
}

/** A value that ends a sentence has its own mark already, perhaps. */
function endless(value: string, text: string, at: number, name: string): string {
  return text[at + name.length + 2] === '.' ? value.replace(/[.\s]+$/, '') : value;
}
