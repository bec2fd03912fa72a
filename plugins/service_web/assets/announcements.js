// announcements - what the operator says to all: it stays over every screen until it is read.

import { byId } from "./ui.js";

export function setUpAnnouncements(client) {
    client.on("server.announcement", ({ text }) => {
        byId("announcement-text").textContent = text;
        byId("announcement").hidden = false;
    });
    byId("announcement-close").onclick = () => {
        byId("announcement").hidden = true;
    };
}
