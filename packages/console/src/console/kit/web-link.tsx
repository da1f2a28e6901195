// A link that somebody else wrote. Only addresses of the web become links: a script address runs in this page.
import type { ReactNode } from 'react';

export function WebLink({ href, children }: { href: string | undefined; children: ReactNode }): ReactNode {
  if (href === undefined || !isWebAddress(href)) return children;
  return (
    <a href={href} rel="noreferrer noopener" target="_blank">
      {children}
    </a>
  );
}

function isWebAddress(text: string): boolean {
  return /^https?:\/\/[^\s]+$/i.test(text) && URL.canParse(text);
}
