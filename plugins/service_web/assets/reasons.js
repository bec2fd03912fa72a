// reasons - why somebody is out of a lobby or off the server, in words for that person.

const LEFT_TEXTS = {
    timeout: "Your seat is gone: you were away too long, or the server started anew",
    kick: "You were removed from the lobby",
    ban: "You were banned from the lobby",
    shutdown: "The match ended with the server",
    disturbed: "Your seat is gone: the server lost you, which counts against nobody",
    closed: "The lobby was closed",
};
const DISTURBED_TEXTS = {
    stall: "stood still",
    overload: "was overloaded",
    restart: "was started anew",
    crash: "crashed",
    shutdown: "was stopped",
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

/** By the clock and in the zone of whoever reads it; null: for good. To the minute, never too early. */
function endText(endsInMs) {
    if (endsInMs === null || endsInMs === undefined) return "for good";
    const end = new Date(Math.ceil((Date.now() + endsInMs) / 60000) * 60000);
    const isToday = end.toDateString() === new Date().toDateString();
    const day = isToday ? {} : { dateStyle: "medium" };
    return `until ${end.toLocaleString([], { ...day, timeStyle: "short" })}`;
}

/** Of session.terminated with banned, and of the refusal at the door. */
export function banText({ reason, endsInMs }) {
    return sentence(`You are banned ${endText(endsInMs)}`, reason);
}

/** Of session.muted. */
export function muteText({ reason, endsInMs }) {
    return sentence(`You are muted ${endText(endsInMs)}`, reason);
}

/** Of session.warned. */
export function warnText({ reason, count }) {
    const text = sentence("A moderator warns you", reason);
    return count > 1 ? `${text} This is warning ${count}.` : text;
}

/** Of server.stopping, when it is not yet. */
export function restartText({ inMs, reason }) {
    const minutes = Math.round(inMs / 60000);
    const time = inMs < 90000 ? `${Math.ceil(inMs / 1000)} seconds` : `${minutes} minutes`;
    return sentence(`The server restarts in ${time}`, reason);
}

/** Of MatchResults.disturbed; "" where there is nothing to tell. */
export function disturbedText(disturbed = []) {
    const what = disturbed.map(({ cause }) => DISTURBED_TEXTS[cause] ?? `had a fault (${cause})`);
    return what.length > 0 ? `The server ${what.join(" and ")}: this match counts against nobody.` : "";
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
