// The list of shortcuts, made of the table that the keys are read by.
import type { ReactNode } from 'react';
import { Dialog } from './kit/dialog.tsx';
import { usePreferences } from './kit/preferences.ts';
import { shortcuts } from './kit/shortcuts.ts';
import { useWords } from './kit/words.tsx';

export function ShortcutList({ onClose }: { onClose(): void }): ReactNode {
  const words = useWords();
  const { letters } = usePreferences();
  const spell = (key: string) => key.replace('Control+', 'Ctrl ').toUpperCase();
  return (
    <Dialog title={words.shortcuts.help} onClose={onClose}>
      {letters === 'off' && <p>{words.shortcuts.off}</p>}
      <table>
        <tbody>
          {shortcuts.map(({ keys, name }) => (
            <tr key={keys}>
              <th scope="row">
                {keys.split(' ').map((key) => (
                  <kbd key={key}>{spell(key)}</kbd>
                ))}
              </th>
              <td>{words.shortcuts[name]}</td>
            </tr>
          ))}
          {(['move', 'select', 'open', 'range'] as const).map((name) => (
            <tr key={name}>
              <th scope="row">
                <kbd>{words.shortcuts.gridKeys[name]}</kbd>
              </th>
              <td>{words.shortcuts.grid[name]}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Dialog>
  );
}
