// votes - the votes that run in the lobby: a card each with the options and how it stands. The vote
// for another match has its place on the scoreboard.

import { byId, guarded, make } from "./ui.js";
import { isPlayer } from "./who.js";

const STEP_MS = 250;
const RESULT_MS = 5000;
const GRACE_MS = 3000; // an end that is not told, e.g. while the connection was gone

export class Votes {
    #client;
    #cards = new Map(); // voteId -> {card, options: Map(option -> button), text, choice, endsAt}
    #timer;

    constructor(client) {
        this.#client = client;
        client.on("lobby.vote", (tally) => {
            if (tally.vote !== "restart") this.#show(tally);
        });
        client.on("lobby.voteEnded", (ended) => this.#end(ended));
    }

    /** Another lobby, or none. */
    reset() {
        this.#cards.clear();
        clearInterval(this.#timer);
        byId("votes").replaceChildren();
    }

    #titleOf({ vote, subject }) {
        const member = this.#client.entry?.members.find(({ playerId }) => playerId === subject);
        if (vote === "map" && !subject) return "Which map is next?";
        if (vote === "kick" && member) return `Throw ${member.displayName} out?`;
        return subject || vote; // a plugin's: the subject is its question
    }

    #show(tally) {
        const known = this.#cards.get(tally.voteId) ?? this.#add(tally);
        known.endsAt = performance.now() + tally.endsInMs;
        known.needed = tally.needed;
        this.#count(known, tally);
        this.#tick();
        clearInterval(this.#timer);
        this.#timer = setInterval(() => this.#tick(), STEP_MS);
    }

    #add(tally) {
        const title = this.#titleOf(tally);
        const text = make("p", { className: "dim" });
        const one = { options: new Map(), text, choice: "", endsAt: 0, needed: 0 };
        for (const option of tally.options) {
            one.options.set(option, this.#button(one, tally.voteId, option));
        }
        one.card = make("section", { className: "card vote-card", ariaLabel: title },
            make("h3", {}, title), make("div", { className: "row wrap" }, ...one.options.values()),
            text);
        one.card.dataset.vote = tally.vote;
        this.#cards.set(tally.voteId, one);
        byId("votes").append(one.card);
        return one;
    }

    #button(one, voteId, option) {
        const button = make("button", { type: "button" }, option,
            make("span", { className: "count" }, "0"));
        button.setAttribute("aria-pressed", "false");
        button.onclick = () => guarded(button, async () => {
            await this.#client.lobby.castVote(voteId, option);
            one.choice = option;
            this.#mark(one);
        });
        button.hidden = !isPlayer(this.#client);
        return button;
    }

    #mark({ options, choice }) {
        for (const [option, button] of options) {
            button.setAttribute("aria-pressed", String(option === choice));
        }
    }

    #count(one, { options, counts }) {
        for (const [i, option] of options.entries()) {
            const count = one.options.get(option)?.querySelector(".count");
            if (count) count.textContent = String(counts[i]);
        }
        const tally = options.map((option, i) => `${option} ${counts[i]}`).join(", ");
        one.tally = isPlayer(this.#client) ? "" : `${tally}. `;
    }

    #tick() {
        const now = performance.now();
        for (const [voteId, one] of this.#cards) {
            if (one.isOver) continue;
            const left = Math.max(0, Math.ceil((one.endsAt - now) / 1000));
            const needed = one.needed ? `, ${one.needed} needed` : "";
            one.text.textContent = `${one.tally}${left} s left${needed}`;
            if (now > one.endsAt + GRACE_MS) this.#remove(voteId);
        }
    }

    #end({ voteId, winner }) {
        const one = this.#cards.get(voteId);
        if (!one) return;
        one.isOver = true;
        for (const button of one.options.values()) button.disabled = true;
        one.text.textContent = winner === null ? "No decision." : `Decided: ${winner}.`;
        setTimeout(() => {
            if (this.#cards.get(voteId) === one) this.#remove(voteId);
        }, RESULT_MS);
    }

    #remove(voteId) {
        this.#cards.get(voteId)?.card.remove();
        this.#cards.delete(voteId);
        if (this.#cards.size === 0) clearInterval(this.#timer);
    }
}
