// The parts of a view as links: each has its address.
import type { ReactNode } from 'react';
import { hrefOf } from './address.ts';
import { Link } from './link.tsx';

interface Props {
  label: string;
  /** The first part of the address. */
  view: string;
  /** The second part of the address ('' for the first tab), and what it is called. */
  tabs: readonly (readonly [id: string, label: string])[];
  chosen: string;
}

export function Tabs({ label, view, tabs, chosen }: Props): ReactNode {
  return (
    <nav className="kinds" aria-label={label}>
      {tabs.map(([id, text]) => (
        <Link key={id} href={hrefOf(id === '' ? view : `${view}/${id}`)} current={chosen === id}>
          {text}
        </Link>
      ))}
    </nav>
  );
}
