// Closes opened parts in reverse order, each one even if another fails.

export interface Closers {
  add(close: () => unknown): void;
  closeAll(): Promise<void>;
}

export function createClosers(failed: (error: unknown) => void): Closers {
  const open: (() => unknown)[] = [];
  return {
    add: (close) => open.push(close),
    async closeAll() {
      for (let close = open.pop(); close; close = open.pop()) {
        try {
          await close();
        } catch (error) {
          failed(error);
        }
      }
    },
  };
}
