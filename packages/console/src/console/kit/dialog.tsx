// A dialog over the page: the browser keeps the focus inside and gives it back.
import { type ReactNode, useEffect, useId, useRef } from 'react';
import { useWords } from './words.tsx';

interface Props {
  title: string;
  /** Undefined: the person must answer, and Escape does nothing. */
  onClose: (() => void) | undefined;
  className?: string;
  children: ReactNode;
}

export function Dialog({ title, onClose, className = '', children }: Props): ReactNode {
  const words = useWords();
  const place = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = place.current;
    dialog?.showModal();
    // The browser itself goes to the first field.
    dialog?.querySelector<HTMLElement>('[data-first-focus]')?.focus();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={place}
      className={`dialog ${className}`}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
    >
      <div className="dialog-head">
        {/* Buttons that open a dialog end with dots. The dialog itself does not. */}
        <h2 id={titleId}>{title.replace(/…$/, '')}</h2>
        {onClose && (
          <button type="button" className="quiet" onClick={onClose} aria-label={words.kit.close}>
            ✕
          </button>
        )}
      </div>
      {children}
    </dialog>
  );
}
