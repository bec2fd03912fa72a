// member_dialog - what can be done about another member: team, host, kick, ban, a vote.

import { teamsOf } from "./teams.js";
import { actionButton, byId, explain } from "./ui.js";
import { hostId, isBeforeMatch, isInCharge, isOwn, isPlayer } from "./who.js";

export class MemberDialog {
    #client;
    #catalog;

    constructor(client, catalog) {
        this.#client = client;
        this.#catalog = catalog;
        byId("member-form").onsubmit = (event) => {
            event.preventDefault();
            byId("member-dialog").close();
        };
        client.on("lobby.left", () => byId("member-dialog").close());
    }

    /** Is there anything that one may do about that member? */
    hasActions(member) {
        if (member.isBot || isOwn(this.#client, member)) return false;
        return isInCharge(this.#client) || this.#mayVote(member);
    }

    open(member) {
        const inCharge = isInCharge(this.#client);
        byId("member-form").reset();
        byId("member-title").textContent = member.displayName;
        byId("member-id").textContent = member.playerId;
        byId("member-error").textContent = "";
        byId("member-host").hidden = !inCharge;
        byId("member-team").replaceChildren(...(inCharge ? this.#teamButtons(member) : []));
        byId("member-actions").replaceChildren(
            ...(inCharge ? this.#hostButtons(member) : []), ...this.#voteButtons(member));
        byId("member-dialog").showModal();
    }

    #mayVote(member) {
        const { settings } = this.#client.entry.lobby;
        return isPlayer(this.#client) && settings.allowVoteKick === true && !member.spectator &&
            member.playerId !== hostId(this.#client);
    }

    /** Closes the dialog when it has worked; else says why not. */
    #button(text, action) {
        return actionButton(text, async () => {
            byId("member-error").textContent = "";
            await action();
            byId("member-dialog").close();
        }, {}, (error) => {
            byId("member-error").textContent = explain(error);
        });
    }

    #teamButtons({ playerId, team, spectator }) {
        if (spectator || !isBeforeMatch(this.#client)) return [];
        const teams = teamsOf(this.#catalog.mode(this.#client.entry.lobby.gameMode));
        return teams.filter((other) => other !== team).map((other) =>
            this.#button(`To team ${other.replaceAll("_", " ")}`, () => this.#client.lobby.setTeam(other, playerId)));
    }

    #hostButtons({ playerId }) {
        const { lobby } = this.#client;
        const { reason, seconds } = byId("member-form").elements;
        const banOptions = () => ({
            ...(reason.value.trim() ? { reason: reason.value.trim() } : {}),
            ...(seconds.value ? { seconds: Number(seconds.value) } : {}),
        });
        return [
            this.#button("Make host", () => lobby.transferHost(playerId)),
            this.#button("Kick", () => lobby.kick(playerId, reason.value.trim())),
            this.#button("Ban", () => lobby.ban(playerId, banOptions())),
        ];
    }

    #voteButtons(member) {
        if (!this.#mayVote(member)) return [];
        return [this.#button("Call a vote to kick",
            () => this.#client.lobby.voteKick(member.playerId))];
    }
}
