/** How one list of cells becomes another: what stays, what goes, what comes. */

/** A cell of the notebook as it is. */
export interface IHere {
  id: string;
  type: string;
}

/** A cell of the notebook as it is to be. */
export interface IWanted {
  id: string;
  /** Null where the cell is as it is here. */
  type: string | null;
  /** Whether it cannot be changed in place. */
  anew?: boolean;
}

/** A place in the list wanted: a cell that stays where it is, or one to be inserted. */
export interface IPlace {
  id: string;
  stays: boolean;
}

/**
 * Return the places of the list wanted.
 *
 * A cell stays if it is of the same type, can be changed in place, and is not out of order; as many
 * stay as can. All others are deleted, and inserted where they are wanted.
 */
export function difference(here: IHere[], wanted: IWanted[]): IPlace[] {
  const at = new Map(here.map((cell, index) => [cell.id, index]));
  const common = wanted
    .map((cell, place) => ({
      place,
      index: cell.anew ? undefined : at.get(cell.id),
      type: cell.type
    }))
    .filter(
      (cell): cell is { place: number; index: number; type: string | null } =>
        cell.index !== undefined && (cell.type === null || cell.type === here[cell.index].type)
    );
  const stays = new Set(
    longestRise(common.map(cell => cell.index)).map(position => common[position].place)
  );
  return wanted.map((cell, place) => ({ id: cell.id, stays: stays.has(place) }));
}

/** Return the positions of a longest strictly rising subsequence (patience sorting, n log n). */
export function longestRise(numbers: number[]): number[] {
  const ends: number[] = [];
  const before: number[] = [];
  numbers.forEach((number, position) => {
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (numbers[ends[middle]] < number) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    before.push(low > 0 ? ends[low - 1] : -1);
    ends[low] = position;
  });
  const rise: number[] = [];
  for (let at = ends.length ? ends[ends.length - 1] : -1; at >= 0; at = before[at]) {
    rise.push(at);
  }
  return rise.reverse();
}
