// reasons - why somebody is out of a lobby or off the server, in words for that person.

const LEFT_TEXTS = {
    timeout: "Your seat is gone: you were away too long, or the server started anew",
    kick: "You were removed from the lobby",
    ban: "You were banned",
    shutdown: "The match ended with the server",
    closed: "The lobby was closed",
};
const CLOSED_TEXTS = new Map([
    [4003, "You are playing in another window"],
    [4004, "The server has ended your session"],
]);

/** "What" and "why" -> "What: why." */
function sentence(what, why) {
    const text = why ? `${what}: ${why}` : what;
    return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** Of lobby.left; "" where there is nothing to tell. */
export function leftText({ reason, message = "" }) {
    if (LEFT_TEXTS[reason]) return sentence(LEFT_TEXTS[reason], message);
    return message ? sentence("You are out of the lobby", message) : "";
}

/** Of a connection that is not made anew. */
export function closedText(code, why) {
    if (code === 4003) return sentence(CLOSED_TEXTS.get(code), "");
    return CLOSED_TEXTS.has(code) ? sentence(CLOSED_TEXTS.get(code), why)
        : sentence("Disconnected", why || `code ${code}`);
}
