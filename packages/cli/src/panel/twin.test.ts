// The panel in the terminal, keyboard only: what each key does, what is drawn, and that the terminal is as before.
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { setImmediate as soon } from 'node:timers/promises';
import type { PanelState, UpdateChoice } from '@moult/agent/panel';
import { runTwin } from './run-twin.ts';
import { draw, openTwin, press, type Twin, withState } from './twin.ts';

const state = (more: Partial<PanelState> = {}): PanelState => ({
  ...{
    face: 'wsus',
    client: 'WSUS client',
    command: 'moult agent',
    version: '7.9.0.2',
    server: 'http://server:8530',
    isRunning: true,
  },
  ...{ isChecking: false, lastCheck: { at: undefined, error: undefined }, nextCheck: undefined, waiting: [] },
  ...{ plannedAt: undefined, restart: undefined, history: [], keptOn: undefined, blocked: undefined },
  choice: { mode: 'automatic', day: 0, hour: 3 },
  decided: { mode: undefined, day: undefined, hour: undefined },
  ...more,
});

const keys = (twin: Twin, ...names: string[]) => names.reduce((now, name) => press(now, name).twin, twin);
const screen = (twin: Twin) => draw(twin, 80, (_, text) => text).join('\n');

describe('the twin', () => {
  it('tells the faces apart as the page does', () => {
    const wsus = screen(openTwin(state()));
    assert.match(wsus, /WSUS client 7\.9\.0\.2/);
    assert.match(wsus, /> \(•\) ✓ Automatic \(recommended\)\n.*day {3}‹ Every day ›\n.*time {2}‹ 03:00 ›/);
    assert.match(wsus, /\( \) ✗ Turn off Automatic Updates\./);
    const sus = screen(openTwin(state({ face: 'sus', client: 'SUS client', version: '5.4.0.1' })));
    assert.match(sus, /┌─ Automatic Updates[\s\S]*> \[x\] Keep my computer up to date/);
    assert.doesNotMatch(sus, /Turn off/);
  });

  it('chooses by arrows and space, and keeps what is not saved when news come', () => {
    const changed = keys(openTwin(state()), 'down', 'right', 'down', 'left', 'down', 'space');
    assert.deepEqual(changed.draft, { mode: 'download', day: 1, hour: 2 });
    const newer = withState(changed, state({ waiting: ['one'] }));
    assert.deepEqual([newer.draft.mode, newer.state.waiting], ['download', ['one']]);
    const other = withState(newer, state({ face: 'sus', client: 'WSUS client in legacy (SUS) mode' }));
    assert.deepEqual(
      [other.draft.mode, other.message],
      ['automatic', 'This is the WSUS client in legacy (SUS) mode now.'],
    );
    assert.deepEqual(keys(openTwin(state()), 'backtab', 'tab').focus, 0);
    assert.deepEqual(keys(openTwin(state()), 'down', 'left').draft.day, 7, 'days go round');
  });

  it('off and on again by the check box of the SUS client', () => {
    const off = keys(openTwin(state({ face: 'sus' })), 'space');
    assert.equal(off.draft.mode, 'off');
    assert.match(screen(off), /\[ \] Keep/);
    assert.equal(keys(off, 'space').draft.mode, 'download');
  });

  it('changes nothing that the policy decides, and says so', () => {
    const decision = { policy: 'Configure Automatic Updates', value: 'AUOptions 3', origin: 'group policy' };
    const decided = { mode: decision, day: decision, hour: undefined };
    const twin = openTwin(state({ decided }));
    assert.match(
      screen(twin),
      /policy: Your administrator .*“Configure Automatic Updates” \(AUOptions 3, group policy\)/,
    );
    const tried = keys(twin, 'down', 'down', 'right', 'down', 'space');
    assert.deepEqual(
      [tried.draft.mode, tried.draft.hour, tried.message],
      ['automatic', 4, 'Your administrator decides this.'],
    );
    const kept = openTwin(state({ keptOn: decision }));
    assert.equal(keys(kept, 'up', 'up', 'up', 'up', 'space').draft.mode, 'automatic', 'off is not free');
  });

  it('shows the history, and its buttons ask for what is on them', () => {
    const at = new Date(2026, 11, 1, 3);
    const history = [
      { at, title: 'Moult sample update', what: 'Installation failed', result: 'bad', code: '0x8024200b' },
    ] as const;
    const twin = keys(openTwin(state({ history: [...history] })), 'h');
    assert.match(screen(twin), /2026-12-01 03:00 {2}Moult sample update {2}Installation failed \(0x8024200b\)/);
    const buttons = ['backtab', 'backtab', 'backtab'];
    assert.equal(press(keys(twin, ...buttons), 'return').action, 'save');
    assert.equal(press(keys(twin, ...buttons.slice(1)), 'space').action, 'check');
    assert.equal(press(keys(twin, 'backtab'), 'return').action, 'quit');
    assert.deepEqual(
      ['s', 'c', 'q', 'escape'].map((key) => press(twin, key).action),
      ['save', 'check', 'quit', 'quit'],
    );
  });
});

describe('in a terminal', () => {
  /** Types, and answers what was done and everything that was written. */
  async function type(typed: string[], save: (choice: UpdateChoice) => void = () => undefined) {
    const input = Object.assign(new PassThrough(), { setRawMode: (on: boolean) => modes.push(on) });
    const modes: boolean[] = [];
    let written = '';
    let checks = 0;
    const output = Object.assign(new PassThrough(), { columns: 80, isTTY: true });
    output.on('data', (piece) => {
      written += String(piece);
    });
    const parts = {
      ...{ input, output, save, read: async () => state(), everyMs: 60_000 },
      check: () => `Asked ${++checks} times.`,
    };
    const running = runTwin(parts as never);
    for (const text of typed) {
      await soon();
      input.write(text);
    }
    await running;
    await soon();
    return { modes, written, checks };
  }

  it('keys save and check, and the terminal is left as it was', async () => {
    const saved: UpdateChoice[] = [];
    const { modes, written, checks } = await type(['\u001b[B', '\u001b[C', 's', 'c', 'q'], (choice) =>
      saved.push(choice),
    );
    assert.deepEqual(saved, [{ mode: 'automatic', day: 1, hour: 3 }]);
    assert.equal(checks, 1);
    assert.match(written, /Saved\.[\s\S]*Asked 1 times\./);
    assert.deepEqual(modes, [true, false]);
    assert.ok(written.endsWith('\u001b[?25h\u001b[?1049l'));
  });

  it('an error is a sentence on the screen, and Ctrl+C ends', async () => {
    const { written, modes } = await type(['s', '\u0003'], () => {
      throw new Error('EACCES: permission denied\n    at somewhere');
    });
    assert.match(written, /EACCES: permission denied/);
    assert.doesNotMatch(written, /at somewhere/);
    assert.deepEqual(modes, [true, false]);
  });
});
