// Links within the console, and to pages elsewhere.
import type { MouseEvent, ReactNode } from 'react';
import { go } from './address.ts';

interface Props {
  href: string;
  className?: string;
  tabIndex?: number;
  current?: boolean;
  children: ReactNode;
}

/** Goes there without loading the page again. With Ctrl and the other keys as the browser does. */
export function Link({ href, className, tabIndex, current, children }: Props): ReactNode {
  const follow = (event: MouseEvent) => {
    if (
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return;
    event.preventDefault();
    go(href);
  };
  return (
    <a
      href={href}
      className={className}
      tabIndex={tabIndex}
      aria-current={current ? 'page' : undefined}
      onClick={follow}
    >
      {children}
    </a>
  );
}
