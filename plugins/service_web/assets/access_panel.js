// access_panel - who may come in: password, invitations, allowed and banned players. All of it for
// who is in charge; the invitations for every member where the lobby lets members invite.

import { joinLink } from "./join.js";
import {
    actionButton, byId, copyButton, explain, guarded, make, replaceKeepingFocus,
} from "./ui.js";
import { isInCharge } from "./who.js";

const HOSTS_ONLY = ["access-password", "access-allow", "access-ban", "allow-list", "ban-list"];
const SETTLE_MS = 300; // several changes at once are asked about once

function timeText(unixMs) {
    return new Date(unixMs).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

export class AccessPanel {
    #client;
    #names = new Map(); // playerId -> name, of all who were seen in this lobby
    #lobbyId = "";
    #links = []; // invitation links that this member has made, where the list is not shown
    #allowed = []; // players, as the server told last
    #timer = 0;

    constructor(client) {
        this.#client = client;
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
        try {
            this.#show(await this.#client.lobby.access());
        } catch (error) {
            if (error.code !== "connection_lost") this.#say(explain(error));
        }
    }

    #show({ hasPassword, allowedPlayers, invitations, bans }) {
        const { lobby } = this.#client;
        byId("password-state").textContent =
            hasPassword ? "Another password" : "Password (there is none)";
        byId("password-remove").hidden = !hasPassword;
        this.#fill("invitation-list", invitations, (one) => this.#invitationRow(one));
        this.#fill("allow-list", allowedPlayers, (playerId) => this.#row(
            `Allowed: ${this.#nameOf(playerId)}`,
            this.#actionButton("Remove", `allow ${playerId}`, () => lobby.updateSettings(
                { allowedPlayers: allowedPlayers.filter((other) => other !== playerId) }))));
        this.#fill("ban-list", bans, ({ playerId, reason, until }) => this.#row(
            [`Banned: ${this.#nameOf(playerId)}`, reason, until ? `until ${timeText(until)}` : ""]
                .filter(Boolean).join(", "),
            this.#actionButton("Unban", `ban ${playerId}`, () => lobby.unban(playerId))));
        this.#allowed = allowedPlayers;
    }

    #fill(id, items, rowOf) {
        replaceKeepingFocus(byId(id), items.map(rowOf));
    }

    #row(text, ...buttons) {
        return make("li", {}, make("span", { className: "grow" }, text), ...buttons);
    }

    #linkOf(invitation) {
        return joinLink(this.#client.entry.joinCode, invitation);
    }

    #invitationRow({ playerId, invitation, expiresAt }) {
        const who = playerId ? this.#nameOf(playerId) : "whoever has the link";
        const which = playerId ? { playerId } : { invitation };
        const copy = invitation
            ? [copyButton("Copy link", () => this.#linkOf(invitation))] : [];
        return this.#row(`Invited: ${who}, until ${timeText(expiresAt)}`, ...copy,
            this.#actionButton("Take back", `invitation ${playerId ?? invitation}`,
                () => this.#client.lobby.revokeInvitation(which)));
    }

    #showOwnLinks() {
        this.#links = this.#links.filter(({ expiresAt }) => expiresAt > Date.now());
        this.#fill("invitation-list", this.#links, ({ invitation, expiresAt }) => this.#row(
            `Invited: whoever has the link, until ${timeText(expiresAt)}`,
            copyButton("Copy link", () => this.#linkOf(invitation))));
    }

    // ---- what there is to do

    /** A button whose action changes what the lists show. */
    #actionButton(text, key, action) {
        const button = actionButton(text, () => this.#do(action), {}, (error) =>
            this.#say(explain(error)));
        button.dataset.key = key;
        return button;
    }

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
            this.#links.push(made);
            if (!isInCharge(this.#client)) this.#showOwnLinks();
            this.#say("Whoever has the link may come in.");
            return;
        }
        this.#say(made.notified ? "Invited, and told."
            : "Invited. They are not signed in now, and may come in until the invitation ends.");
    }
}
