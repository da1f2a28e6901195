// Tells the live parts of this process (home page, catalog index) that somebody wrote, and about which topic.
import type { Topic } from './contract/index.ts';

export interface Changes {
  /** Calls `listener` after each write that concerns `topic`s. The returned function ends that. */
  subscribe(listener: (topic: Topic) => void): () => void;
  announce(topic: Topic): void;
}

export function createChanges(): Changes {
  const listeners = new Set<(topic: Topic) => void>();
  return {
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    announce(topic) {
      for (const listener of listeners) listener(topic);
    },
  };
}
