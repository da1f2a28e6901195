// Runs the panel in a terminal: keys in, screens out, until a person closes it.
import { emitKeypressEvents, type Key } from 'node:readline';
import type { ReadStream, WriteStream } from 'node:tty';
import type { PanelState, UpdateChoice } from '@moult/agent/panel';
import { paint } from '../terminal.ts';
import { type Action, draw, openTwin, type Paint, press, type Twin, withState } from './twin.ts';

interface TwinParts {
  read(): Promise<PanelState>;
  save(choice: UpdateChoice): void;
  /** Answers one sentence. */
  check(): string;
  input: Pick<ReadStream, 'on' | 'off' | 'setRawMode' | 'resume' | 'pause'>;
  output: Pick<WriteStream, 'write' | 'columns' | 'isTTY'>;
  /** Between two looks at the machine. */
  everyMs: number;
}

/** Settles when a person closes it (q, Escape, Ctrl+C). Throws what the first look throws. The terminal is as before then. */
export async function runTwin(parts: TwinParts): Promise<void> {
  const { input, output, everyMs } = parts;
  let twin = openTwin(await parts.read());
  const paintHere = paintFor(output);
  const show = () =>
    output.write(`\u001b[H\u001b[2J${draw(twin, output.columns ?? 80, paintHere(twin)).join('\r\n')}\r\n`);
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  const look = async () => {
    twin = await parts.read().then(
      (state) => withState(twin, state),
      (error: unknown) => ({ ...twin, message: sentenceOf(error) }),
    );
    show();
  };
  const onKey = async (_: unknown, key: Key | undefined) => {
    if (key?.ctrl && key.name === 'c') return close();
    const done = press(twin, nameOf(key));
    twin = done.twin;
    if (done.action === 'quit') return close();
    if (done.action) {
      twin = act(twin, done.action, parts);
      await look();
    } else show();
  };
  emitKeypressEvents(input as ReadStream);
  input.setRawMode(true);
  output.write('\u001b[?1049h\u001b[?25l');
  const timer = setInterval(() => void look(), everyMs);
  input.on('keypress', onKey);
  input.resume();
  try {
    show();
    await closed;
  } finally {
    clearInterval(timer);
    input.off('keypress', onKey);
    input.setRawMode(false);
    input.pause();
    output.write('\u001b[?25h\u001b[?1049l');
  }
}

function act(twin: Twin, action: Action, { save, check }: TwinParts): Twin {
  try {
    if (action === 'check') return { ...twin, message: check() };
    save(twin.draft);
    return { ...twin, isChanged: false, message: 'Saved. The agent goes by it within half a minute.' };
  } catch (error) {
    return { ...twin, isChanged: false, message: sentenceOf(error) };
  }
}

function sentenceOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}

function nameOf(key: Key | undefined): string {
  if (key?.name === 'tab' && key.shift) return 'backtab';
  return key?.name ?? key?.sequence ?? '';
}

function paintFor(output: TwinParts['output']): (twin: Twin) => Paint {
  const formats = { dim: 'dim', focus: 'bold', bad: 'red', good: 'green' } as const;
  const stream = output as NodeJS.WriteStream;
  return ({ state }) => {
    const title = state.face === 'sus' ? 'yellow' : 'cyan';
    return (style, text) => paint(style === 'title' ? ['bold', title] : formats[style], text, stream);
  };
}
