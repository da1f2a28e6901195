// The words of the console in the language of the person. Both tables have one type: a missing word does not compile.
import { createContext, useContext } from 'react';
import { en, type Words } from '../words/en.ts';
import type { Preferences } from './preferences.ts';

export type { Words } from '../words/en.ts';

export interface Spoken {
  language: 'en' | 'de';
  words: Words;
}

export const english: Spoken = { language: 'en', words: en };
export const WordsContext = createContext<Spoken>(english);

export function useWords(): Words {
  return useContext(WordsContext).words;
}

export function useLanguage(): 'en' | 'de' {
  return useContext(WordsContext).language;
}

export function languageOf(
  { language }: Pick<Preferences, 'language'>,
  spoken: readonly string[] = navigator.languages,
): 'en' | 'de' {
  if (language !== 'auto') return language;
  return spoken
    .find((one) => /^(?:de|en)\b/i.test(one))
    ?.slice(0, 2)
    .toLowerCase() === 'de'
    ? 'de'
    : 'en';
}

/** German comes with its first use. */
export async function loadWords(language: 'en' | 'de'): Promise<Spoken> {
  return language === 'de' ? { language, words: (await import('../words/de.ts')).de } : english;
}
