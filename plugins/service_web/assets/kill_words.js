// kill_words - a line of the kill feed, as parts that are a seat's name or a text.

const SEAT_NONE = 255;
const WEAPONS = ["", "rifle", "launcher"];

/** @returns {({seat: number} | {text: string})[]} */
export function killWords({ killer, victim, weapon }) {
    const tool = WEAPONS[weapon] ?? "";
    if (killer === victim) return [{ seat: victim }, { text: `by the own ${tool || "hand"}` }];
    if (killer === SEAT_NONE) return [{ seat: victim }, { text: "died" }];
    return [{ seat: killer }, { text: tool }, { seat: victim }];
}
