// connect_four_state - the payload of mode_connect_four (docs/protocol.md section 13), without a page.

export const OPEN = 0;
export const DRAW = 3;

/** What a snapshot tells; null for an empty payload: nothing has changed. */
export function decodeState(payload) {
    if (payload.length === 0) return null;
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    let at = 0;
    const u8 = () => view.getUint8(at++);
    const u32 = () => {
        at += 4;
        return view.getUint32(at - 4, true);
    };
    const list = (one) => Array.from({ length: u8() }, one);
    const round = u8();
    const roundCount = u8();
    const players = list(() => ({ seat: u8(), points: u8(), isGone: u8() === 1 }));
    const boards = list(() => ({
        sides: [players[u8()], players[u8()]], result: u8(), deadlineTick: u32(), columns: list(u8),
    }));
    return { round, roundCount, players, boards };
}

/** The player whose turn it is; null where the board is over. */
export function moverOf({ sides, result, columns }) {
    return result === OPEN ? sides[columns.length % 2] : null;
}

/** Does somebody of that seat play on this board? Who has left sits nowhere. */
export function isAt({ sides }, seat) {
    return sides.some((player) => player.seat === seat && !player.isGone);
}

/** The columns from left to right: in each the sides (0, 1) of its discs, from below. */
export function stacksOf({ columns }, count) {
    const stacks = Array.from({ length: count }, () => []);
    columns.forEach((column, move) => stacks[column].push(move % 2));
    return stacks;
}

/** The message of a move. */
export function moveMessage(round, column) {
    return Uint8Array.of(round, column);
}
