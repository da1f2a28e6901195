// The preferences of a person for the console, kept in this browser. They contain no secrets.
import { useSyncExternalStore } from 'react';

export interface Preferences {
  language: 'auto' | 'en' | 'de';
  scheme: 'auto' | 'light' | 'dark';
  density: 'normal' | 'compact';
  clock: 'local' | 'utc';
  /** Shortcuts of one letter: people who speak to their computer switch them off. */
  letters: 'on' | 'off';
}

const standard: Preferences = { language: 'auto', scheme: 'auto', density: 'normal', clock: 'local', letters: 'on' };
const allowed: { [Name in keyof Preferences]: readonly Preferences[Name][] } = {
  language: ['auto', 'en', 'de'],
  scheme: ['auto', 'light', 'dark'],
  density: ['normal', 'compact'],
  clock: ['local', 'utc'],
  letters: ['on', 'off'],
};
const place = 'moult-console';
const listeners = new Set<() => void>();
let now = read();

export function usePreferences(): Preferences {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => now,
  );
}

export function prefer(changes: Partial<Preferences>): void {
  now = { ...now, ...changes };
  try {
    localStorage.setItem(place, JSON.stringify(now));
  } catch {
    // A browser that keeps nothing keeps it until the page is closed.
  }
  for (const listener of listeners) listener();
}

/** Choices of a name, for a form. */
export function choicesOf<Name extends keyof Preferences>(name: Name): readonly Preferences[Name][] {
  return allowed[name];
}

function read(): Preferences {
  try {
    const kept: Record<string, unknown> = JSON.parse(localStorage.getItem(place) ?? '{}');
    const known = Object.entries(allowed).filter(([name, values]) => values.some((value) => value === kept[name]));
    return { ...standard, ...Object.fromEntries(known.map(([name]) => [name, kept[name]])) };
  } catch {
    return standard;
  }
}
