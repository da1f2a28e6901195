// The output for people: colours only on a terminal, progress on long work, JSON when asked, errors with code and
// remedy.

import { styleText } from 'node:util';
import { jsonText, visibleLines, visibleText } from '@moult/formats/text';

/** Exit codes of every moult command. Only the doctor is ever undecided. */
export const exitCode = { fine: 0, findings: 1, usage: 2, undecided: 3 } as const;

/** Thrown by a command for wrong usage: exit code 2. */
export class UsageError extends Error {
  readonly code = 'CLI_USAGE';
}

/** An authority that this machine cannot be made to trust. */
export class CaStoreError extends Error {
  readonly code = 'CLI_CA_STORE';
}

/** An error that another server answered, with its code, or the failure to reach that server. */
export class RemoteError extends Error {
  readonly code: 'CLI_SERVER_UNREACHABLE' | 'CLI_SECOND_PERSON' | (string & {});

  constructor(code: RemoteError['code'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'RemoteError';
    this.code = code;
  }
}

/** The command was not given what it needs. */
const usageCodes: ReadonlySet<string> = new Set([
  'CLI_USAGE',
  'ADMINISTRATION_NO_SERVER',
  'ADMINISTRATION_NO_KEYS',
  'ADMINISTRATION_UNREADABLE',
  'ADMINISTRATION_NOT_ALLOWED',
]);

/** Prints an error for people (stderr), or as JSON (stdout), and answers the exit code for it. */
export function reportFailure(failure: unknown, asJson: boolean): number {
  const error = asOurs(failure);
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  if (asJson) console.log(jsonText({ error: { code, message, ...placeOf(error) } }));
  else console.error(`${paint(['red', 'bold'], `moult: ${code}:`, process.stderr)} ${visibleLines(message)}`);
  if (code === 'CLI_INTERNAL' && error instanceof Error && process.env.MOULT_DEBUG) console.error(error.stack);
  // A limit that cannot be: the words of an administrator, like a flag.
  return usageCodes.has(code) || code.startsWith('BOUND_') ? exitCode.usage : exitCode.findings;
}

/** Colours `text` when `stream` is a terminal that wants colours. Leaves it alone otherwise. */
export function paint(
  format: Parameters<typeof styleText>[0],
  text: string,
  stream: NodeJS.WriteStream = process.stdout,
): string {
  return styleText(format, text, { stream, validateStream: true });
}

/**
 * Lets nothing through `console.log` and `console.error` that a terminal obeys or a reader cannot see, but the colours
 * of `paint`. Commands show names, titles and messages of strangers in many places. None of them may forget it.
 */
export function guardConsole(): void {
  guard('log', process.stdout);
  guard('error', process.stderr);
}

/**
 * A reader that has seen enough, as `head` has, changes nothing: the command ends in its usual way. If the output is
 * lost for another reason, such as a full disk, the command says so. Its exit code is not 0.
 */
export function outliveReaders(): void {
  let lost: Error | undefined;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (lost || readerIsGone.test(error.code ?? '')) return;
    lost = error;
    const why = `Standard output cannot be written: ${error.message}. ${lostAdvice}`;
    reportFailure(Object.assign(new Error(why, { cause: error }), { code: 'CLI_OUTPUT_LOST' }), false);
  });
  process.stderr.on('error', () => undefined);
  process.on('exit', () => {
    if (lost && !process.exitCode) process.exitCode = exitCode.findings;
  });
}

/** After the first error Node calls the stream destroyed. */
const readerIsGone = /^(?:EPIPE|ERR_STREAM_DESTROYED)$/;
const lostAdvice = 'Make room there, or write to another place, and run the command again.';

function guard(name: 'log' | 'error', stream: NodeJS.WriteStream): void {
  const print = console[name].bind(console);
  const isPainted = paint('bold', 'x', stream) !== 'x';
  console[name] = (...values: unknown[]) =>
    print(...values.map((value) => (typeof value === 'string' ? shown(value, isPainted) : value)));
}

// Those that styleText makes of the colours used here. Others hide text.
const colours = new Set([1, 2, 4, 22, 24, 31, 32, 33, 36, 39].map((number) => `\u001b[${number}m`));

function shown(text: string, isPainted: boolean): string {
  if (!isPainted || !text.includes('\u001b')) return visibleLines(text);
  return text
    .split(/(\p{Cc}\[\d+m)/u)
    .map((part) => (colours.has(part) ? part : visibleLines(part)))
    .join('');
}

/** Of the system's own errors, those that an administrator meets, in words that say what to do. */
function asOurs(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  if (error.code === 'DISK_UNREADABLE' && isRefused(error.cause))
    return Object.assign(new Error(`${error.message} ${otherUserAdvice()}`, { cause: error }), { code: error.code });
  if (isMissing(error)) {
    const message = `${visibleText(error.path)} cannot be read: there is no such file or folder.`;
    return Object.assign(new Error(message, { cause: error }), { code: 'DISK_UNREADABLE' });
  }
  if (!isRefused(error)) return error;
  const what = `${placeIn(error)} cannot be used: this user${userNumber()} has no right to it.`;
  return Object.assign(new Error(`${what} ${otherUserAdvice()}`, { cause: error }), { code: 'CLI_NOT_ALLOWED' });
}

/** The system said that this user has no right to it. */
export function isRefused(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && (cause.code === 'EACCES' || cause.code === 'EPERM');
}

/** A file or folder that a command was told to read is not there. No reader has said so in words of ours. */
function isMissing(error: Error): error is Error & { path: string } {
  const isSystems = 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
  return isSystems && 'path' in error && typeof error.path === 'string';
}

/** Names the thing that the system refused. The system's own words are for programmers. */
function placeIn(error: Error): string {
  if ('path' in error && typeof error.path === 'string') return visibleText(error.path);
  if ('port' in error && typeof error.port === 'number') return `Port ${error.port}`;
  return `What the command asked the system for (${error.message})`;
}

function userNumber(): string {
  const id = process.geteuid?.();
  return id === undefined ? '' : ` (id ${id})`;
}

/** Says what to do if this user has no right to a file. */
export function otherUserAdvice(): string {
  return process.platform === 'win32'
    ? 'Run the command in a console of an administrator.'
    : 'Run the command as the user that the files belong to, or with sudo.';
}

function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return 'CLI_INTERNAL';
}

function placeOf(error: unknown): Record<string, unknown> {
  const place: Record<string, unknown> = {};
  if (error instanceof Error) {
    for (const key of ['offset', 'member'] as const) {
      const value: unknown = Reflect.get(error, key);
      if (value !== undefined) place[key] = value;
    }
  }
  return place;
}
