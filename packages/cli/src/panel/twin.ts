// The panel in the terminal: what a key does, and what is drawn. Pure. run-twin.ts has the terminal.
import {
  checkWords,
  dayNames,
  historyWords,
  hourNames,
  keepWords,
  modesOf,
  modeWords,
  type PanelState,
  panelFacts,
  policyNotes,
  type UpdateChoice,
  type UpdateMode,
} from '@moult/agent/panel';

export interface Twin {
  state: PanelState;
  /** The choice that was made here and not saved yet. */
  draft: UpdateChoice;
  isChanged: boolean;
  /** Index into `itemsOf`. */
  focus: number;
  message: string;
  showsHistory: boolean;
}

export type Action = 'save' | 'check' | 'quit';

type Item =
  | { kind: 'keep' }
  | { kind: 'mode'; mode: UpdateMode }
  | { kind: 'day' }
  | { kind: 'hour' }
  | { kind: 'button'; action: Action; text: string };

/** Paints text: bold, dim, inverse, or in the colour of the face. */
export type Paint = (style: 'title' | 'dim' | 'focus' | 'bad' | 'good', text: string) => string;

export function openTwin(state: PanelState): Twin {
  return { state, draft: state.choice, isChanged: false, focus: 0, message: '', showsHistory: false };
}

/** Takes newer facts. A choice that was not saved stays, if the face is the same. */
export function withState(twin: Twin, state: PanelState): Twin {
  if (state.face !== twin.state.face) return { ...openTwin(state), message: `This is the ${state.client} now.` };
  return { ...twin, state, draft: twin.isChanged ? twin.draft : state.choice };
}

/** A key by its name (`up`, `space`, `c`, …) does something to the twin, and may ask for an action. */
export function press(twin: Twin, key: string): { twin: Twin; action?: Action } {
  const items = itemsOf(twin.state);
  const item = items[twin.focus];
  const move = (by: number) => ({
    twin: { ...twin, message: '', focus: (twin.focus + by + items.length) % items.length },
  });
  if (key === 'q' || key === 'escape') return { twin, action: 'quit' };
  if (key === 'c') return { twin, action: 'check' };
  if (key === 's') return { twin, action: 'save' };
  if (key === 'h') return { twin: { ...twin, showsHistory: !twin.showsHistory } };
  if (key === 'up' || key === 'backtab') return move(-1);
  if (key === 'down' || key === 'tab') return move(1);
  if (!item) return { twin };
  if (item.kind === 'button') return key === 'return' || key === 'space' ? { twin, action: item.action } : { twin };
  if (isGrey(twin, item)) return { twin: { ...twin, message: 'Your administrator decides this.' } };
  if (item.kind === 'day' || item.kind === 'hour') {
    const by = key === 'left' ? -1 : key === 'right' || key === 'space' ? 1 : 0;
    const count = item.kind === 'day' ? dayNames.length : hourNames.length;
    return change(twin, { [item.kind]: (twin.draft[item.kind] + by + count) % count });
  }
  if (key !== 'return' && key !== 'space') return { twin };
  if (item.kind === 'mode') return change(twin, { mode: item.mode });
  return change(twin, { mode: twin.draft.mode === 'off' ? 'download' : 'off' });
}

function change(twin: Twin, by: Partial<UpdateChoice>): { twin: Twin } {
  return { twin: { ...twin, draft: { ...twin.draft, ...by }, isChanged: true, message: '' } };
}

function itemsOf({ face }: PanelState): Item[] {
  const modes = modesOf[face].flatMap((mode): Item[] => [
    { kind: 'mode', mode },
    ...(mode === 'automatic' ? ([{ kind: 'day' }, { kind: 'hour' }] as const) : []),
  ]);
  return [
    ...(face === 'sus' ? ([{ kind: 'keep' }] as const) : []),
    ...modes,
    { kind: 'button', action: 'save', text: 'Save (s)' },
    { kind: 'button', action: 'check', text: 'Check now (c)' },
    { kind: 'button', action: 'quit', text: 'Close (q)' },
  ];
}

function isGrey({ state, draft }: Twin, item: Item): boolean {
  const { blocked, decided, keptOn } = state;
  if (blocked) return true;
  if (item.kind === 'day' || item.kind === 'hour') return decided[item.kind] !== undefined;
  if (item.kind === 'button') return false;
  const isOff = item.kind === 'keep' ? draft.mode !== 'off' : item.mode === 'off';
  return decided.mode !== undefined || (isOff && keptOn !== undefined);
}

/** The lines of the screen. A terminal with fewer columns wraps them. */
export function draw(twin: Twin, columns: number, paint: Paint): string[] {
  const { state, message, showsHistory } = twin;
  const rule = '─'.repeat(Math.max(0, Math.min(columns, 76)));
  const head =
    state.face === 'sus'
      ? [paint('title', '┌─ Automatic Updates '), `│ ${state.client} ${state.version ?? ''}`, paint('title', '└─')]
      : [paint('title', '◆ Automatic Updates'), `${state.client} ${state.version ?? ''}: protect your computer`, rule];
  return [
    ...head,
    ...policyNotes(state).map((note) => paint('dim', `policy: ${note}`)),
    ...choiceLines(twin, paint),
    paint('dim', checkWords),
    rule,
    ...(showsHistory ? historyLines(state, paint) : factLines(state, paint)),
    rule,
    message === '' ? paint('dim', keyWords) : message,
  ];
}

const keyWords = 'Up and Down move, Space chooses, Left and Right change day and time, h shows the history.';

function choiceLines(twin: Twin, paint: Paint): string[] {
  const items = itemsOf(twin.state);
  const lines = items.map((item, at) => {
    const text = `${at === twin.focus ? '>' : ' '} ${isGrey(twin, item) ? paint('dim', textOf(twin, item)) : textOf(twin, item)}`;
    return at === twin.focus ? paint('focus', text) : text;
  });
  if (twin.state.face === 'sus') lines.splice(1, 0, paint('dim', `      ${keepWords}`), '  Settings');
  return lines;
}

function textOf({ draft, state }: Twin, item: Item): string {
  const { face } = state;
  const indent = face === 'sus' ? '  ' : '';
  if (item.kind === 'keep') return `[${draft.mode === 'off' ? ' ' : 'x'}] ${modeWords.sus.off}`;
  if (item.kind === 'day') return `${indent}      day   ‹ ${dayNames[draft.day]} ›`;
  if (item.kind === 'hour') return `${indent}      time  ‹ ${hourNames[draft.hour]} ›`;
  if (item.kind === 'button') return `[ ${item.text} ]`;
  const sign = face === 'sus' ? '' : `${signs[item.mode]} `;
  return `${indent}(${draft.mode === item.mode ? '•' : ' '}) ${sign}${modeWords[face][item.mode]}`;
}

const signs: Readonly<Record<UpdateMode, string>> = { automatic: '✓', download: '↓', notify: '!', off: '✗' };

function factLines(state: PanelState, paint: Paint): string[] {
  return panelFacts(state).map(({ label, text, tone }) => {
    const line = `${label.padEnd(18)}${text}`;
    return tone === 'bad' ? paint('bad', line) : line;
  });
}

function historyLines({ history }: PanelState, paint: Paint): string[] {
  if (history.length === 0) return ['Nothing has been installed yet.'];
  return history.slice(0, 15).map((entry) => {
    const line = historyWords(entry).join('  ');
    return entry.result === 'bad' ? paint('bad', line) : entry.result === 'good' ? paint('good', line) : line;
  });
}
