// A button that asks again before it does something that cannot be undone easily.
import { type ReactNode, useState } from 'react';
import { FormDialog } from './form-dialog.tsx';

interface Props {
  label: string;
  title: string;
  text: string;
  isDisabled?: boolean;
  /** Throws when the server refuses. */
  onSure(): Promise<void>;
}

export function SureButton({ label, title, text, isDisabled = false, onSure }: Props): ReactNode {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <button type="button" disabled={isDisabled} onClick={() => setIsOpen(true)}>
        {label}
      </button>
      {isOpen && (
        <FormDialog title={title} save={label} isDanger onSave={onSure} onClose={() => setIsOpen(false)}>
          <p>{text}</p>
        </FormDialog>
      )}
    </>
  );
}
