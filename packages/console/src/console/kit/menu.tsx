// A button that opens a small panel: a native disclosure, closed by Escape and by leaving it.
import { type KeyboardEvent, type ReactNode, useRef } from 'react';

interface Props {
  label: ReactNode;
  className?: string;
  children: ReactNode;
}

export function Menu({ label, className = '', children }: Props): ReactNode {
  const place = useRef<HTMLDetailsElement>(null);
  const close = () => {
    if (place.current) place.current.open = false;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !place.current?.open) return;
    event.stopPropagation();
    close();
    place.current.querySelector('summary')?.focus();
  };
  return (
    <details
      ref={place}
      className={`menu ${className}`}
      onKeyDown={onKeyDown}
      onBlur={(event) => {
        if (event.relatedTarget && !event.currentTarget.contains(event.relatedTarget as Node)) close();
      }}
    >
      <summary>{label}</summary>
      <div className="menu-panel">{children}</div>
    </details>
  );
}
