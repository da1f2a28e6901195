// Memory for request bodies that are coming or wait for their turn: one budget for all clients. When it is full, the body
// that has stood still for longest makes room: who sends half of one and stops must not keep out who sends a whole one.

export interface BodyRoom {
  /** A place for one body. `evict` is called when it has to make room; its octets are counted out by then. */
  enter(evict: () => void): BodyPlace;
  readonly usedBytes: number;
}

export interface BodyPlace {
  /** Counts octets in; false when there is no room for them. */
  grow(bytes: number): boolean;
  /** The body is here: from now on it makes room for nobody. */
  complete(): void;
  /** Counts everything out. */
  leave(): void;
}

export function createBodyRoom({ budgetBytes }: { budgetBytes: number }): BodyRoom {
  /** Bodies still coming, the one that has stood still for longest first. */
  const coming = new Map<BodyPlace, () => void>();
  let used = 0;

  const makeRoom = (bytes: number, keep: BodyPlace): boolean => {
    for (const [place, evict] of coming) {
      if (used + bytes <= budgetBytes) return true;
      if (place === keep) continue;
      place.leave();
      evict();
    }
    return used + bytes <= budgetBytes;
  };

  return {
    enter(evict) {
      let own = 0;
      const place: BodyPlace = {
        grow(bytes) {
          if (used + bytes > budgetBytes && !makeRoom(bytes, place)) return false;
          own += bytes;
          used += bytes;
          if (coming.delete(place)) coming.set(place, evict);
          return true;
        },
        complete() {
          coming.delete(place);
        },
        leave() {
          coming.delete(place);
          used -= own;
          own = 0;
        },
      };
      coming.set(place, evict);
      return place;
    },
    get usedBytes() {
      return used;
    },
  };
}
