// A dialog with a form: it stays open until the server took what was typed, and shows why it did not.
import { type ReactNode, type SyntheticEvent, useState } from 'react';
import { Dialog } from './dialog.tsx';
import { wordsOf } from './states.tsx';
import { useWords } from './words.tsx';

interface Props {
  title: string;
  save?: string;
  isWide?: boolean;
  isDanger?: boolean;
  isIncomplete?: boolean;
  /** Throws when the server refuses. */
  onSave(form: FormData): Promise<void>;
  onClose(): void;
  children: ReactNode;
}

export function FormDialog(props: Props): ReactNode {
  const { title, save, isWide = false, isDanger = false, isIncomplete = false, onSave, onClose, children } = props;
  const words = useWords();
  const [error, setError] = useState('');
  const [isSaving, setIsSaving] = useState(false);
  const submit = async (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    setIsSaving(true);
    setError('');
    try {
      await onSave(new FormData(event.currentTarget));
      onClose();
    } catch (failed) {
      setError(wordsOf(failed, words));
      setIsSaving(false);
    }
  };
  return (
    <Dialog title={title} onClose={isSaving ? undefined : onClose} className={isWide ? 'dialog-wide' : ''}>
      <form className="form" onSubmit={(event) => void submit(event)}>
        {children}
        <p role="alert" className="bad">
          {error}
        </p>
        <div className="dialog-foot">
          <button type="button" disabled={isSaving} onClick={onClose}>
            {words.kit.cancel}
          </button>
          <button type="submit" className={isDanger ? 'danger' : 'primary'} disabled={isSaving || isIncomplete}>
            {isSaving ? words.decide.saving : (save ?? words.kit.save).replace(/…$/, '')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** The text of a field. '' for one that is not there. */
export function textOf(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === 'string' ? value.trim() : '';
}

/** The lines of a field. */
export function linesOf(form: FormData, name: string): string[] {
  return textOf(form, name)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** The number in a field. Undefined for an empty one. */
export function numberOf(form: FormData, name: string): number | undefined {
  const text = textOf(form, name);
  return text === '' ? undefined : Number(text);
}

/** The moment in a field of date and time, by the clock of the person. Undefined for an empty one. */
export function momentOf(form: FormData, name: string): string | undefined {
  const text = textOf(form, name);
  return text === '' ? undefined : new Date(text).toISOString();
}
