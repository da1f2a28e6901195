// A change with its outcome in words: what was done, or why it was not.
import { say } from './announce.tsx';
import { wordsOf } from './states.tsx';
import { useWords } from './words.tsx';

/** Runs `work` and says `done`, or the reason why it failed. */
export function useDoing(): (work: () => Promise<unknown>, done: string) => void {
  const words = useWords();
  return (work, done) => {
    work().then(
      () => say(done),
      (error) => say(wordsOf(error, words), { isBad: true }),
    );
  };
}
