// A size as a cell of a list shows it.
import type { ReactNode } from 'react';
import { sizeIn } from './numbers.ts';
import { useLanguage } from './words.tsx';

export function Size({ bytes }: { bytes: number }): ReactNode {
  return sizeIn(bytes, useLanguage());
}
