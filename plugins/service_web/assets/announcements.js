// announcements - what the operator says to all, and a moderator to one: it stays above every screen
// until it is read. Of a mute the chat says so, too, as long as it lasts.

import { disturbedText, muteText, restartText, warnText } from "./reasons.js";
import { byId, toast } from "./ui.js";

/** A notice with a text and a button that closes it; answers what shows it. */
function notice(id) {
    byId(`${id}-close`).onclick = () => {
        byId(id).hidden = true;
    };
    return (text) => {
        byId(`${id}-text`).textContent = text;
        byId(id).hidden = false;
    };
}

export function setUpAnnouncements(client, chat) {
    const announce = notice("announcement");
    const warn = notice("warning");
    client.on("server.announcement", ({ text }) => announce(text));
    client.on("server.stopping", (told) => {
        if (told.inMs) announce(restartText(told));
    });
    client.on("session.warned", (warning) => warn(warnText(warning)));
    client.on("session.muted", (mute) => {
        chat.mute(muteText(mute));
        toast(muteText(mute), true);
    });
    client.on("match.disturbed", (told) => toast(disturbedText([told])));
    client.on("match.messageRefused", ({ reason }) =>
        toast(reason === "rate_limited" ? "Too fast: that was not taken." : "That was not taken.", true));
    client.on("session.unmuted", () => {
        chat.mute("");
        toast("You may chat again.");
    });
    client.on("state", ({ state }) => {
        if (state !== "online") chat.mute(""); // whom it concerns is told again with the connection
    });
}
