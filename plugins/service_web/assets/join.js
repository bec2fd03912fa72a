// join - taking a seat: by the list, by a code, by a link, by an invitation; asks for the password.

import { byId, explain, guarded, make } from "./ui.js";

const JOIN_LINK = /^#join=([0-9A-Za-z-]{1,32})(?:&key=([\w.~-]{1,128}))?$/;

/** The address that leads into the lobby of that code; key: an invitation for whoever has it. */
export function joinLink(code, key = "") {
    const place = `${location.origin}${location.pathname}#join=${encodeURIComponent(code)}`;
    return key ? `${place}&key=${encodeURIComponent(key)}` : place;
}

/** The code and key of the page's address, null without one; it is taken out of the address. */
export function takeJoinLink() {
    const match = JOIN_LINK.exec(location.hash);
    if (match) history.replaceState(null, "", location.pathname + location.search);
    return match ? { code: match[1], secret: match[2] } : null;
}

function askPassword(enter) {
    const dialog = byId("password-dialog");
    const form = byId("password-form");
    form.reset();
    byId("password-error").textContent = "";
    byId("password-cancel").onclick = () => dialog.close();
    form.onsubmit = (event) => {
        event.preventDefault();
        const secret = form.elements.namedItem("secret").value;
        guarded(event.submitter, async () => {
            await enter(secret);
            dialog.close();
        }, (error) => {
            byId("password-error").textContent = explain(error);
        });
    };
    dialog.showModal();
}

/** enter(options) takes the seat; a lobby with a password is tried again with it. */
async function withPassword(enter, options) {
    try {
        await enter(options);
    } catch (error) {
        if (error.data?.reason !== "password_needed") throw error;
        askPassword((secret) => enter({ ...options, secret }));
    }
}

export function joinLobby(client, lobbyId, options = {}) {
    return withPassword((all) => client.joinLobby(lobbyId, all), options);
}

export function joinByCode(client, code, options = {}) {
    return withPassword((all) => client.joinByCode(code, all), options);
}

/** The form for a code on the page of lobbies. */
export function setUpCodeForm(client) {
    const form = byId("code-form");
    form.onsubmit = (event) => {
        event.preventDefault();
        const spectator = event.submitter === byId("code-watch");
        guarded(event.submitter, () =>
            joinByCode(client, form.elements.namedItem("code").value,
                spectator ? { spectator } : {}));
    };
}

/** Invitations that arrive: a card each, until it is answered or over. */
export class Invitations {
    #client;
    #catalog;
    #leave;
    #cards = new Map(); // lobbyId -> {card, timer}

    /** leave(): gives up the seat at hand. */
    constructor({ client, catalog, leave }) {
        this.#client = client;
        this.#catalog = catalog;
        this.#leave = leave;
        client.on("lobby.invited", (invitation) => this.#show(invitation));
        client.on("closed", () => this.clear());
    }

    clear() {
        for (const lobbyId of [...this.#cards.keys()]) this.#drop(lobbyId);
    }

    #show({ lobbyId, gameMode, fromName, expiresInMs }) {
        this.#drop(lobbyId);
        const accept = make("button", { type: "button", className: "primary" }, "Join");
        const decline = make("button", { type: "button" }, "Decline");
        const text = `${fromName} invites you to play ${this.#catalog.titleOf(gameMode)}.`;
        const warning = this.#client.entry ? " Joining gives up the seat you have." : "";
        const card = make("div", { className: "banner invitation" },
            make("p", {}, text + warning), decline, accept);
        accept.onclick = () => guarded(accept, () => this.#accept(lobbyId));
        decline.onclick = () => this.#drop(lobbyId);
        const timer = setTimeout(() => this.#drop(lobbyId), expiresInMs);
        this.#cards.set(lobbyId, { card, timer });
        byId("invitations").append(card);
    }

    async #accept(lobbyId) {
        if (this.#client.entry?.lobby.lobbyId !== lobbyId) {
            if (this.#client.entry) await this.#leave();
            await joinLobby(this.#client, lobbyId);
        }
        this.#drop(lobbyId);
    }

    #drop(lobbyId) {
        const known = this.#cards.get(lobbyId);
        if (!known) return;
        clearTimeout(known.timer);
        known.card.remove();
        this.#cards.delete(lobbyId);
    }
}
