// access_panel - who may come in: password, invitations, allowed and banned players. All of it for
// who is in charge; the invitations for every member where the lobby lets members invite.

import { joinLink } from "./join.js";
import { KeyedList, put } from "./keyed_list.js";
import { actionButton, byId, copyButton, explain, guarded, make } from "./ui.js";
import { isInCharge } from "./who.js";

const HOSTS_ONLY = ["access-password", "access-allow", "access-ban", "allow-list", "ban-list"];
const SETTLE_MS = 300; // several changes at once are asked about once

/** By the clock here, which need not be the server's. */
function timeText(leftMs) {
    return new Date(Date.now() + leftMs).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

export class AccessPanel {
    #client;
    #lists;
    #names = new Map(); // playerId -> name, of all who were seen in this lobby
    #lobbyId = "";
    #links = []; // invitation links that this member has made, where the list is not shown
    #allowed = []; // players, as the server told last
    #timer = 0;

    constructor(client) {
        this.#client = client;
        this.#lists = {
            invitations: new KeyedList(byId("invitation-list"),
                ({ playerId, invitation }) => playerId || invitation, () => this.#invitationRow()),
            allowed: new KeyedList(byId("allow-list"), (playerId) => playerId,
                () => this.#allowedRow()),
            bans: new KeyedList(byId("ban-list"), ({ playerId }) => playerId,
                () => this.#banRow()),
        };
        byId("access-panel").ontoggle = () => this.#load();
        this.#setUpForms();
    }

    update() {
        const { lobby, members } = this.#client.entry;
        if (lobby.lobbyId !== this.#lobbyId) this.#reset(lobby.lobbyId);
        for (const { playerId, displayName } of members) this.#names.set(playerId, displayName);
        const inCharge = isInCharge(this.#client);
        byId("access-panel").hidden = !inCharge && lobby.settings.membersInvite !== true;
        for (const id of HOSTS_ONLY) byId(id).hidden = !inCharge;
        if (!inCharge) return this.#showOwnLinks();
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#load(), SETTLE_MS);
    }

    #reset(lobbyId) {
        this.#lobbyId = lobbyId;
        this.#names.clear();
        this.#links = [];
        this.#allowed = [];
        for (const list of Object.values(this.#lists)) list.show([]);
        for (const form of byId("access-panel").querySelectorAll("form")) form.reset();
        this.#say("");
        byId("access-panel").open = false;
    }

    #nameOf(playerId) {
        const name = this.#names.get(playerId);
        return name ? `${name} (${playerId})` : playerId;
    }

    #say(text) {
        byId("access-said").textContent = text;
    }

    // ---- what the server has

    async #load() {
        if (!this.#client.entry || !byId("access-panel").open || !isInCharge(this.#client)) return;
        const lobbyId = this.#lobbyId;
        try {
            const access = await this.#client.lobby.access();
            if (lobbyId === this.#client.entry?.lobby.lobbyId) this.#show(access);
        } catch (error) {
            if (error.code !== "connection_lost") this.#say(explain(error));
        }
    }

    #show({ hasPassword, allowedPlayers, invitations, bans }) {
        put(byId("password-state"), hasPassword ? "Another password" : "Password (there is none)");
        byId("password-remove").hidden = !hasPassword;
        this.#allowed = allowedPlayers;
        this.#lists.invitations.show(invitations);
        this.#lists.allowed.show(allowedPlayers);
        this.#lists.bans.show(bans);
    }

    #showOwnLinks() {
        const now = performance.now();
        this.#links = this.#links.filter(({ endsAt }) => endsAt > now);
        this.#lists.invitations.show(this.#links.map(({ endsAt, ...link }) =>
            ({ ...link, expiresInMs: endsAt - now })));
    }

    /** A row with a text and a button; act(item) changes what the lists show. */
    #row(textOf, label, act, ...others) {
        let known = null;
        const text = make("span", { className: "grow" });
        const button = actionButton(label, () => this.#do(() => act(known)), {}, (error) =>
            this.#say(explain(error)));
        const row = make("li", {}, text, ...others, button);
        const update = (item) => {
            known = item;
            put(text, textOf(item));
        };
        return { element: row, button, update };
    }

    #allowedRow() {
        return this.#row((playerId) => `Allowed: ${this.#nameOf(playerId)}`, "Remove",
            (playerId) => this.#client.lobby.updateSettings({
                allowedPlayers: this.#allowed.filter((other) => other !== playerId),
            }));
    }

    #banRow() {
        return this.#row(({ playerId, reason, endsInMs }) =>
            [`Banned: ${this.#nameOf(playerId)}`, reason,
                endsInMs === null ? "" : `until ${timeText(endsInMs)}`]
                .filter(Boolean).join(", "), "Unban",
        ({ playerId }) => this.#client.lobby.unban(playerId));
    }

    /** Only who is in charge may take it back. */
    #invitationRow() {
        let link = "";
        const copy = copyButton("Copy link", () => link);
        const { element, button, update } = this.#row(({ playerId, expiresInMs }) => {
            const who = playerId ? this.#nameOf(playerId) : "whoever has the link";
            return `Invited: ${who}, until ${timeText(expiresInMs)}`;
        }, "Take back", ({ playerId, invitation }) => this.#client.lobby.revokeInvitation(
            playerId ? { playerId } : { invitation }), copy);
        return {
            element,
            update: (item) => {
                update(item);
                link = joinLink(this.#client.entry.joinCode, item.invitation);
                copy.hidden = !item.invitation;
                button.hidden = !isInCharge(this.#client);
            },
        };
    }

    // ---- what there is to do

    async #do(action) {
        this.#say("");
        await action();
        await this.#load();
    }

    /** act(value) takes what the form's only field holds; the field is empty after it. */
    #setUpForm(id, field, act) {
        const form = byId(id);
        form.onsubmit = (event) => {
            event.preventDefault();
            const input = form.elements.namedItem(field);
            guarded(event.submitter, () => this.#do(async () => {
                await act(input.value.trim());
                input.value = "";
            }), (error) => this.#say(explain(error)));
        };
    }

    #setUpForms() {
        const { lobby } = this.#client;
        const onError = (error) => this.#say(explain(error));
        this.#setUpForm("access-password", "password", async (password) => {
            await lobby.setPassword(password);
            this.#say("The password is set.");
        });
        byId("password-remove").onclick = (event) => guarded(event.currentTarget, () =>
            this.#do(() => lobby.setPassword("")), onError);
        this.#setUpForm("access-invite", "playerId", (playerId) => this.#invite({ playerId }));
        byId("invite-link").onclick = (event) => guarded(event.currentTarget, () =>
            this.#do(() => this.#invite()), onError);
        this.#setUpForm("access-allow", "playerId", (playerId) =>
            lobby.updateSettings({ allowedPlayers: [...this.#allowed, playerId] }));
        this.#setUpForm("access-ban", "playerId", (playerId) => lobby.ban(playerId));
    }

    async #invite(options = {}) {
        const made = await this.#client.lobby.invite(options);
        if (made.invitation) {
            this.#links.push({ ...made, endsAt: performance.now() + made.expiresInMs });
            if (!isInCharge(this.#client)) this.#showOwnLinks();
            this.#say("Whoever has the link may come in.");
            return;
        }
        this.#say(made.notified ? "Invited, and told."
            : "Invited. They are not signed in now, and may come in until the invitation ends.");
    }
}
