// Memory for request bodies that are coming or wait for their turn: one budget for all clients. When it is full, the
// body that has stood still for longest makes room: who sends half of one and stops must not keep out who sends a whole
// one. A part of the budget is kept for small bodies, which are nearly all that clients send: a few large ones do not
// keep everybody out.

export interface BodyRoom {
  /** A place for one body. `evict` is called when it has to make room. Its octets are counted out by then. */
  enter(evict: () => void): BodyPlace;
  readonly usedBytes: number;
}

export interface BodyPlace {
  /** Counts octets in. False if there is too little room for them. */
  grow(bytes: number): boolean;
  /** The body is here: from now on it does not make room for others. */
  complete(): void;
  /** Counts everything out. */
  leave(): void;
}

interface BodyRoomLimits {
  budgetBytes: number;
  /** All bodies together that are larger than `smallBytes`. Default: the whole budget. */
  largeBudgetBytes?: number;
  smallBytes?: number;
}

export function createBodyRoom(limits: BodyRoomLimits): BodyRoom {
  const { budgetBytes, largeBudgetBytes = budgetBytes, smallBytes = 0 } = limits;
  /** Bodies still coming, the one that has stood still for longest first. */
  const coming = new Map<BodyPlace, { evict: () => void; isLarge: () => boolean }>();
  let used = 0;
  let usedByLarge = 0;

  /** The octets of large bodies after one of `own` octets has grown by `bytes`. */
  const largeAfter = (own: number, bytes: number): number => {
    if (own + bytes <= smallBytes) return 0;
    return usedByLarge + bytes + (own <= smallBytes ? own : 0);
  };

  return {
    enter(evict) {
      let own = 0;
      const fitsAmongLarge = (bytes: number) => largeAfter(own, bytes) <= largeBudgetBytes;
      const fits = (bytes: number) => used + bytes <= budgetBytes && fitsAmongLarge(bytes);
      const makeRoom = (bytes: number): boolean => {
        for (const [other, one] of coming) {
          if (fits(bytes)) return true;
          // No small one goes for the sake of what is kept for small ones.
          if (other === place || (!fitsAmongLarge(bytes) && !one.isLarge())) continue;
          other.leave();
          one.evict();
        }
        return fits(bytes);
      };
      const one = { evict, isLarge: () => own > smallBytes };
      const place: BodyPlace = {
        grow(bytes) {
          if (!fits(bytes) && !makeRoom(bytes)) return false;
          usedByLarge = largeAfter(own, bytes) || usedByLarge;
          own += bytes;
          used += bytes;
          if (coming.delete(place)) coming.set(place, one);
          return true;
        },
        complete() {
          coming.delete(place);
        },
        leave() {
          coming.delete(place);
          used -= own;
          if (own > smallBytes) usedByLarge -= own;
          own = 0;
        },
      };
      coming.set(place, one);
      return place;
    },
    get usedBytes() {
      return used;
    },
  };
}
